"""`check: {format: …}`: what its reader could not parse is refused by its place, and not quoted."""

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.rendering.formats import render
from injector.rendering.formats.validate import problem

CANARY = "canary-1f0e"
CERTIFICATE = trustme.CA().cert_pem.bytes()
# In two parts, for the scan of this repository.
KEY = b"-----BEGIN " + b"PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n"
ENCRYPTED = KEY.replace(b"KEY-----\nbm", b"KEY-----\nProc-Type: 4,ENCRYPTED\n\nbm")


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("json", b'{"a": [1, 2.5, null]}\n'),
        ("yaml", b"a: [1, 2]\n---\nb: *x\n".replace(b"*x", b"2")),
        ("toml", b'[a]\nb = "c"\n'),
        ("ini", b"[a]\nb = %(c)s 100%\n"),
        ("pem", CERTIFICATE),
        ("pem", b"# the pair\n" + CERTIFICATE + KEY),
        ("pem", ENCRYPTED),
        ("pem", (CERTIFICATE + ENCRYPTED).replace(b"\n", b"\r\n")),
    ],
)
def test_what_can_be_read_is_fine(format_name, content):
    assert problem(format_name, content) == ""


@pytest.mark.parametrize(
    ("format_name", "content", "reason"),
    [
        ("json", f'{{"a": {CANARY}}}', "line 1, column 7: Expecting value"),
        ("json", '{"a": NaN}', "NaN is no JSON"),
        ("json", "-Infinity", "-Infinity is no JSON"),
        ("json", "9" * 5000, "a number in it is too long"),
        ("toml", "a = " + "9" * 5000, "a number in it is too long"),
        ("json", "[" * 100_000, "it is nested too deeply"),
        ("json", "", "line 1, column 1"),
        ("yaml", f"a: b: {CANARY}", "line 1, column 5"),
        ("yaml", f"a: &x 1\nb: *{CANARY}", "line 2, column 4"),
        ("toml", f"{CANARY} = {CANARY}", "at line 1, column 15"),
        ("toml", f"{CANARY} = 1\n{CANARY} = 2\n", "at line 2"),
        ("ini", f"{CANARY} = 1", "line 1"),
        ("ini", f"[a]\n{CANARY}=1\n{CANARY}=2", "line 3"),
        ("pem", CANARY, "there is no block"),
        ("pem", f"-----BEGIN CERTIFICATE-----\n{CANARY}", "a block is not complete"),
        ("pem", KEY.decode().replace("bm90", "!!!!"), "block 1 is not base64"),
        ("pem", KEY.decode().replace("PRIVATE KEY", "CERTIFICATE"), "block 1 is not a certificate"),
        ("json", b"\xff", "byte 0 is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_position_and_not_quoted(
    format_name, content, reason
):
    found = problem(format_name, content if isinstance(content, bytes) else content.encode())

    assert found.startswith(f"is not valid {format_name}: {reason}")
    assert CANARY not in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(secret=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON))
@pytest.mark.parametrize("format_name", ["json", "yaml"])
def test_what_a_ready_format_writes_can_be_read(format_name, secret):
    try:
        content = render(format_name, secret)
    except Exception:  # noqa: BLE001 - a surrogate, which no format carries
        return
    assert problem(format_name, content) == ""
