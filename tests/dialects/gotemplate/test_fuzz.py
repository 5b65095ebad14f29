"""Templates of random words: they render, or fail with a position and without any value."""

# ruff: noqa: E501 - a list of words is a line

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.base.errors import MissingError, RenderError
from injector.dialects.gotemplate import Surroundings
from injector.dialects.gotemplate.catalogue import CATALOGUE, PER_RENDERING
from injector.rendering.template import Lacking, Rendered, Snapshot
from tests.dialects.gotemplate.render import APP, CANARY, template, with_app

# Values of a secret that could end up in a message.
NUMBER = 73_000_137
SECRET = {
    "text": CANARY,
    "number": NUMBER,
    "real": 7300.0137,
    "list": [CANARY, NUMBER, {CANARY: CANARY}],
    "map": {"key": CANARY, CANARY: {"deep": CANARY}},
    "path": f"/tmp/{CANARY}",
    "json": f'{{"{CANARY}": ["{CANARY}"',
    "null": None,
}
VALUES = re.compile(f"{CANARY}|{NUMBER}|7300[.,]0137|{CANARY[:-1]}")
PLACE = re.compile(r"t\.tpl:\d+(:\d+)?: ")

words = st.sampled_from(
    [
        "{{", "}}", "{{-", "-}}", "{{ ", " }}", "{{/*", "*/}}", " ", "\n", "if ", "else", "end", "{{end}}", "{{else}}", "range ", "with ", "define ", "template ", "block ", "break", "continue",
        "nil", "true", ".", "$", "$x", " := ", " = ", ", ", " | ", "(", ")", ".text", ".list", ".map.key", '"a"', "`b`", "'c'", "1", "-2.5", "0x1F", "\\", "é", "@",
        '{{with secret "secret/data/app"}}{{with .Data.data}}', "{{range $i, $v := .list}}", "{{$x := .number}}", "{{end}}{{end}}",
    ]
)  # fmt: skip
OPERANDS = [
    ".text", ".number", ".real", ".list", ".map", "(sprig_list .text .number)",
]  # fmt: skip
operands = st.sampled_from(
    [
        *OPERANDS, ".path", ".json", ".null", "1", "-1.5", "`a`", ".map.key", ".missing", "nil", "``", "true", ".", "$", "(parseInt `7`)",
        "(print .text .number)", "(index .list 2)", "(split `-` .text)", "(parseJSON `[1]`)",
    ]
)  # fmt: skip
calls = st.builds(
    lambda name, given, piped: f"{{{{{name} {' '.join(given)}{piped}}}}}",
    st.sampled_from(sorted({*CATALOGUE, *PER_RENDERING})),
    st.lists(operands, max_size=5),
    st.sampled_from(["", " | print", " | len", " | toJSON", " | index .list", " | printf `%d`"]),
)
INSIDE = '{{{{with secret "secret/data/app"}}}}{{{{with .Data.data}}}}{}{{{{end}}}}{{{{end}}}}'


def check(text, *, strict):
    """Compile and render; every error has a position, and no value."""
    surroundings = Surroundings(environ={"A": "b"}, read_file=_no_file)
    try:
        compiled = template(text, surroundings=surroundings, error_on_missing_key=strict)
        snapshots: tuple[Snapshot, ...] = ({}, {APP: SECRET})
        for snapshot in snapshots:
            assert isinstance(compiled.render(snapshot), Rendered | Lacking)
        compiled.uses()
    except (RenderError, MissingError) as error:
        said = str(error)
        assert PLACE.match(said), said
        assert not VALUES.search(said), said


def _no_file(path):
    raise FileNotFoundError(2, "No such file or directory", path)


@settings(max_examples=300, deadline=None)
@given(st.lists(words, max_size=14).map("".join), st.booleans())
def test_random_words(text, strict):
    check(text, strict=strict)


@pytest.mark.parametrize("part", range(8))
def test_every_function_with_the_same_argument_once_and_several_times(part):
    names = sorted({*CATALOGUE, *PER_RENDERING})
    for name, operand in itertools.product(names[part::8], OPERANDS):
        for times in range(1, 4):
            check(INSIDE.format(f"{{{{{name}{f' {operand}' * times}}}}}"), strict=False)


@settings(max_examples=300, deadline=None)
@given(calls, st.booleans())
def test_every_function_with_any_value_of_a_secret(call, strict):
    check(INSIDE.format(call), strict=strict)


def test_excessive_aliases_are_rejected_as_in_go():
    """Nine lines of a secret would become a billion words and block everything else."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    with pytest.raises(RenderError, match="document contains excessive aliasing"):
        with_app("{{ .y | parseYAML | toYAML }}", app={"y": "\n".join(lines)})
    few = "\n".join(lines[:3])
    assert "x" in with_app("{{ .y | parseYAML | toJSON }}", app={"y": few})
