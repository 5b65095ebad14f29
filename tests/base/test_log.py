"""The log where it cannot be written as usual; that it holds no secret is for test_canary."""

import ast
import io
import json
import logging
import re
from pathlib import Path

import pytest

from injector.base.clock import SystemClock
from injector.base.log import library_logs, logger

LOGS = re.compile(r"(\w+\.)*_?log\.(debug|info|warning|error|exception)")


def test_an_unwritable_log_stops_nothing():
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115 - closing it fails, too
    log = logger(level="info", style="json", redact=str, stream=full)

    for _ in range(3):
        log.info("file written")

    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_name_that_is_not_utf_8_is_logged_escaped():
    out = io.StringIO()

    logger(level="info", style="json", redact=str, stream=out).info("removed", path="/run/\udcff")

    assert r'"/run/\udcff"' in out.getvalue()


def test_a_line_of_json_begins_with_timestamp_level_and_event():
    out = io.StringIO()

    logger(level="info", style="json", redact=str, stream=out).info("removed", path="/run/a")

    assert list(json.loads(out.getvalue())) == ["timestamp", "level", "event", "path"]


def test_nothing_from_outside_moves_the_cursor_or_begins_a_line():
    out = io.StringIO()
    said = "\x1b[2J\u009b31m\nerror\rfile written"

    logger(level="info", style="console", redact=str, stream=out).info("removed", error=said)

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().rstrip("\n").isprintable()
    assert r"\x1b[2J" in out.getvalue()


def test_every_event_is_written_in_the_source_so_that_it_never_needs_a_mask():
    events = [
        (path, call.args[0])
        for path in Path("injector").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and LOGS.fullmatch(ast.unparse(call.func))
    ]

    assert len(events) > 50
    for path, event in events:
        named = ast.unparse(event)
        is_constant = isinstance(event, ast.Constant) or named.startswith("self._events.")
        assert is_constant or named in {"event", "name"}, path


def test_what_a_library_repeats_is_said_once_a_minute(monkeypatch):
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(SystemClock, "now", lambda _: now[0])
    library = logging.getLogger("asyncio")

    with library_logs(logger(level="info", style="json", redact=str, stream=out), str):
        for number in range(1000):
            library.error("cannot accept %s", number)
        library.error("something else")
        now[0] = 61.0
        library.error("cannot accept %s", "again")

    said = [json.loads(line) for line in out.getvalue().splitlines()]
    messages = [line["message"] for line in said]
    assert messages == ["cannot accept 0", "something else", "cannot accept again"]
    assert said[-1]["left_out"] == 999


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),  # no-color.org: when not empty
    ],
)
def test_a_terminal_gets_colours_unless_it_has_none_or_somebody_objects(
    environ, coloured, monkeypatch
):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    out = Terminal()

    logger(level="info", style="auto", redact=str, stream=out).info("removed")

    assert ("\x1b[" in out.getvalue()) == coloured
    assert "removed" in out.getvalue()
