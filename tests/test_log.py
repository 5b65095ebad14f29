"""The log where it cannot be written as usual; that it holds no secret is for test_canary."""

import io
import json

import pytest

from injector.log import logger


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
