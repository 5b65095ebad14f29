"""A line of a file is shown without its secrets, and its mark stays under what is meant."""

import io

import pytest

from injector.base import colour
from injector.cli.findings import Report
from injector.config.excerpt import Excerpt, Line
from injector.config.problem import Problem, parted

CANARY = "canary-7f3a"

SECRET = [
    f"token: {CANARY}",
    f'password: "{CANARY}" # why',
    f"  client_secret: '{CANARY} {CANARY}'",
    f'{{"vault": {{"token": "{CANARY}"}}}}',
    f'config = {{ secret_id = "{CANARY}" }}',
    f'token = "{CANARY}"',
    f"DB_PASSWORD={CANARY} and {{{{ app.user }}}}",
    f"headers: {{X-Whatever: {CANARY}, Authorization: Bearer {CANARY}}}",
    f'custom: ["A={CANARY}"]',
    f"address: https://me:{CANARY}@vault",
    f"url: 'http://app/?x' # Bearer {CANARY}",
    f"- X-Api-Key: {CANARY}",
]
PLAIN = [
    "token_file_path: /run/secrets/vault-Token/App1Configuration9Xyzzy",
    "secret_id_file_path: /run/approle/secret_id",
    "- {secret: app, format: dotenv, key: password, notify: app}",
    "DB_PASSWORD={{ db.password | dotenv }}",
    "use_auto_auth_token = true",
    "path: secret/data/app",
    "type: token_file",
]


def shown(*lines: str, at: int = 1, column: int = 1, width: int = 1) -> Excerpt:
    found = Excerpt.of(lines, Line(at, column, width))
    assert found is not None
    return found


@pytest.mark.parametrize("line", SECRET)
def test_a_secret_in_a_line_is_not_shown(line):
    text = shown(line).text

    assert CANARY not in text
    assert "[redacted]" in text


@pytest.mark.parametrize(
    "line", ["hvs.CAESIJ", "eyJhbGciOiJ.eyJpc3MiOiJ.c2ln", "f3b09679-3001-009d-2b80-9c306ab81aa6"]
)
def test_a_token_is_not_shown_wherever_it_is(line):
    assert shown(f"contents: x {line} y").text == "contents: x [redacted] y"


@pytest.mark.parametrize("line", PLAIN)
def test_what_is_no_secret_is_shown(line):
    assert shown(line).text == line


@pytest.mark.parametrize("above", ["password: |", "headers:", "- client_secret: >-"])
def test_a_secret_below_its_name_is_not_shown(above):
    assert CANARY not in shown(above, f"    {CANARY}", at=2).text


def test_the_mark_moves_with_what_is_masked_before_it():
    line = f"auth: {{password: {CANARY}, rol: app}}"

    found = shown(line, column=line.index("rol") + 1, width=3)

    assert found.text[found.start : found.start + found.width] == "rol"


def test_the_mark_is_below_what_is_masked_itself():
    line = f"password: {CANARY} {{{{ x }}}}"

    found = shown(line, column=line.index(CANARY) + 1, width=len(CANARY))

    assert found.text[found.start : found.start + found.width] == "[redacted]"


def test_a_long_line_is_cut_around_the_mark():
    line = f"{'a: b, ' * 1000}bad: x{', c: d' * 1000}"

    found = shown(line, column=line.index("bad") + 1, width=3)

    assert len(found.text) < 200
    assert found.text[found.start : found.start + found.width] == "bad"


def test_nothing_in_a_line_reaches_the_terminal_as_a_command():
    assert (
        shown("\ta: \x1b[2J\x07").text
        == " a: \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize(
    ("text", "words", "remedy"),
    [
        ("expected x, got 'a; b'; write x", "expected x, got 'a; b'", "write x"),
        ("the token's name; and 'x'", "the token's name", "and 'x'"),
        ("on disk (pod: a; compose: b), or c", "on disk (pod: a; compose: b), or c", ""),
        ("not closed: 'a", "not closed: 'a", ""),
    ],
)
def test_what_to_do_follows_the_first_semicolon_that_is_not_quoted(text, words, remedy):
    assert parted(text) == (words, remedy)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream, environ, wanted, monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    Report(stream).write(
        "problem", [Problem(Line(1, 1, 3), ("a",), "b; c", "f.yaml", shown("a: 1"))]
    )

    assert colour.is_wanted(stream, environ) is wanted
    assert ("\x1b[" in stream.getvalue()) is wanted
