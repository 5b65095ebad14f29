"""Templates are bytes: what is not UTF-8 in a source is written as the agent writes it."""

import pytest

from injector.base.errors import RenderError
from injector.config.textfile import read_text
from injector.dialects.gotemplate import Surroundings
from tests.dialects.gotemplate.judge import Case, Judge
from tests.dialects.gotemplate.ours import render
from tests.dialects.gotemplate.render import template

SOURCES = [
    b"a\xffb{{ `x` }}",
    b"\xef\xbb\xbfa{{ `x` }}",
    b'{{ "\xff" }}',
    b"{{ `\xff` }}",
    b'{{ "\xff" | printf "%q %x" }}',
    b"{{/* \xff */}}a",
    b'{{ "a\xffb" | toUpper }}{{ len "a\xffb" }}',
    rb"{{ '\xFF' }}|{{ '\377' }}|{{ '\xC3' }}",
    b"{{ '\xff' }}",
    rb"""{{ print '\xFF' "\xff\xc3\xa9" }}""",
    b'a\x00b{{ "\x00" }}',
]


def test_the_agent_and_we_write_the_same_bytes(server, tmp_path):
    cases = []
    for index, source in enumerate(SOURCES):
        (tmp_path / f"{index}.tpl").write_bytes(source)
        cases.append(Case(read_text(str(tmp_path / f"{index}.tpl"), as_go=True)))

    theirs = Judge(server, tmp_path).render(cases)

    assert None not in theirs
    assert render(server, cases, Surroundings()) == theirs


@pytest.mark.parametrize("source", ["{{ '\udcff", "{{ index .\udcff }}", "{{ mustEnv `\udcff` }}"])
def test_an_error_in_such_a_source_can_be_printed(source):
    with pytest.raises(RenderError) as caught:
        template(source)

    str(caught.value).encode()
