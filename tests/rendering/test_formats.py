"""What all formats have in common, `raw`, and the examples of docs/formats.md."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.base.errors import InjectorError, MissingError, RenderError
from injector.config.model import Format
from injector.rendering.formats import FORMATS, render
from tests.support.configs import complete

TEXT_FORMATS = ["dotenv", "shell", "properties", "github-env", "ini"]
CANARY = "canary-7f3a"


def test_the_configuration_knows_the_same_formats():
    assert frozenset(get_args(Format)) == FORMATS


def test_an_unknown_format_is_refused():
    with pytest.raises(RenderError, match="format toml: unknown; use one of dotenv, "):
        render("toml", {})


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (5432, "5432"),
        (1.5, "1.5"),
        (1e16, "1e+16"),
        ([1, "ü"], '[1,"ü"]'),
        ({"b": None, "a": {}}, '{"a":{},"b":null}'),
    ],
)
def test_text_formats_print_other_types_as_compact_json(format_name, value, text):
    assert render(format_name, {"A": value}, section="s") == render(
        format_name, {"A": text}, section="s"
    )


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_null_is_not_text(format_name):
    with pytest.raises(RenderError, match=f"format {format_name}: key 'A': .* null.* template"):
        render(format_name, {"A": None}, section="s")


@pytest.mark.parametrize("format_name", [*TEXT_FORMATS, "json", "yaml"])
def test_the_same_secret_produces_the_same_bytes(format_name):
    one = render(format_name, {"A": {"x": 1, "y": 2}, "B": "b"}, section="s")
    other = render(format_name, {"B": "b", "A": {"y": 2, "x": 1}}, section="s")

    assert one == other


def error_of(format_name, data, **options):
    try:
        render(format_name, data, **options)
    except InjectorError as error:
        return error
    return None


ENDS = st.lists(st.sampled_from([*"\0\n\r\\$'\"[ =-", "\ud800", "${x}"]), max_size=6).map("".join)
VALUE = st.builds(lambda before, after: before + CANARY + after, ENDS, ENDS)


@settings(max_examples=300, deadline=None)
@given(
    format_name=st.sampled_from(sorted(FORMATS)),
    value=VALUE | st.lists(VALUE) | st.dictionaries(VALUE, st.none()) | st.just(CANARY.encode()),
    encoding=st.sampled_from(["text", "base64"]),
)
def test_no_error_contains_a_value(format_name, value, encoding):
    names = ("KEY", "machine", "login", "password", "username", "host")

    error = error_of(
        format_name, dict.fromkeys(names, value), key="KEY", encoding=encoding, section="s"
    )

    if error is not None:
        assert f"format {format_name}: " in str(error)
        assert CANARY not in "".join(traceback.format_exception(error))
        assert CANARY not in repr(getattr(error.__context__, "object", ""))


# --- raw -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["no newline", "newline\n", "a\r\nb\n\n", "", " \0 ", "😀"])
def test_raw_text_is_the_value_and_nothing_else(text):
    assert render("raw", {"cert": text, "other": "x"}, key="cert") == text.encode()


def test_raw_prints_numbers_and_booleans():
    assert render("raw", {"port": 5432}, key="port") == b"5432"
    assert render("raw", {"on": True}, key="on") == b"true"


@pytest.mark.parametrize("value", [None, ["a"], {"a": "b"}, "\ud800"])
def test_raw_rejects_what_is_not_text(value):
    with pytest.raises(RenderError, match="format raw: key 'cert': "):
        render("raw", {"cert": value}, key="cert")


@pytest.mark.parametrize(
    "spelling",
    [
        lambda data: base64.b64encode(data).decode(),
        lambda data: base64.b64encode(data).decode().rstrip("="),
        lambda data: base64.encodebytes(data).decode(),
        lambda data: base64.encodebytes(data).decode().replace("\n", "\r\n  "),
        lambda data: base64.urlsafe_b64encode(data).decode(),
        lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    ],
    ids=["plain", "no padding", "lines", "indented CRLF lines", "url-safe", "url-safe no padding"],
)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 10_240])
def test_raw_base64_preserves_every_byte(spelling, size):
    data = os.urandom(size)

    content = render("raw", {"jks": spelling(data)}, key="jks", encoding="base64")

    assert hashlib.sha256(content).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    "value",
    [
        "QUJ",
        "QUJDR",
        "QUI==",
        "Q",
        "QUJD=",
        "QU=JD",
        "QR==",
        "Q!JD",
        "ü",
        "\ud800",
        5,
        None,
    ],
)
def test_raw_refuses_invalid_base64_by_key(value):
    with pytest.raises(RenderError, match=r"format raw: key 'jks': .*base64"):
        render("raw", {"jks": value}, key="jks", encoding="base64")


def test_raw_names_the_keys_that_are_there():
    with pytest.raises(MissingError, match=r"no key 'crt' \(its keys: 'ca', 'cert'\)"):
        render("raw", {"cert": CANARY, "ca": CANARY}, key="crt")


def test_raw_needs_a_key():
    with pytest.raises(RenderError, match=r"format raw: .*`key:`"):
        render("raw", {"cert": "x"})


# --- start-up and documentation ------------------------------------------------------------------


def test_a_file_in_a_format_loads_no_template_engine(tmp_path):
    file = tmp_path / "injector.yaml"
    file.write_text(
        complete("""
secrets: {app: {path: secret/data/app}}
template: {secret: app, format: dotenv, destination: /dev/shm/not-written}
""")
    )
    code = (
        "import sys; from injector.runtime.plan import plan; import injector.cli.once;"
        f"plan({str(file)!r}); print('minijinja' in sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "False\n"


def test_formats_load_nothing_heavy():
    code = "import sys, injector.rendering.formats; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert not {"yaml", "configparser", "netrc", "msgspec"} & set(loaded.stdout.split())


DOCS = Path(__file__).parents[2] / "docs" / "formats.md"
PAGE = DOCS.read_text()
EXAMPLES = dict(re.findall(r"(?ms)^### `([a-z-]+)`\n.*?^```\w*\n(.*?)^```$", PAGE))
SECRET = json.loads(re.findall(r"(?ms)^```json\n(.*?)^```$", PAGE)[0])


def test_the_documentation_has_an_example_of_every_format():
    assert set(EXAMPLES) == FORMATS


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_the_examples_of_the_documentation_are_what_is_written(format_name):
    content = render(format_name, SECRET, key="note", section="app")

    assert content.decode().rstrip("\n") == EXAMPLES[format_name].rstrip("\n")
