"""No secret value, token or secret id in any output, whatever goes wrong."""

import base64
import io
import json
import logging
import urllib.parse

import pytest

from injector.agent.kept import Kept
from injector.cli.daemon import execute
from injector.cli.overview import overview
from injector.log import Redactor, library_logs, logger
from tests.configs import load_text
from tests.processes import result, running, write_config
from tests.test_listener import ask
from tests.test_run import daemon

CANARY = 'canary-7f3a"\\ $(value)\nsecond-line-9b2c'
FORMS = {
    "plain": CANARY,
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "base64, unpadded": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "url": urllib.parse.quote(CANARY, safe=""),
    "json": json.dumps(CANARY),
    "one line of it": "second-line-9b2c",
    "inside other text": f"before {CANARY} after",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_redactor_knows_every_form_of_a_live_value(form):
    redactor = Redactor()
    redactor.learn("db", {"nested": {"password": [CANARY]}})

    redacted = redactor.redact(f"error: {FORMS[form]}!")

    assert "7f3a" not in redacted
    assert "9b2c" not in redacted
    assert "[redacted]" in redacted


def test_the_generation_before_the_last_is_still_masked_and_older_ones_are_not_kept():
    redactor = Redactor()
    for value in ("value-one", "value-two", "value-three"):
        redactor.learn("db", {"password": value})

    assert redactor.redact("value-two value-three") == "[redacted] [redacted]"
    assert redactor.redact("value-one") == "value-one"


def test_a_value_that_two_secrets_share_is_masked_until_both_are_gone():
    redactor = Redactor()
    redactor.learn("a", {"password": "shared-value"})
    redactor.learn("b", {"password": "shared-value"})

    redactor.forget("a")
    assert redactor.redact("shared-value") == "[redacted]"
    redactor.forget("b")
    assert redactor.redact("shared-value") == "shared-value"


def test_of_two_values_with_the_same_prefix_the_longer_is_masked_completely():
    redactor = Redactor()
    redactor.learn("a", ["password", "password-and-more"])

    assert redactor.redact("<password-and-more>") == "<[redacted]>"


def test_values_too_short_to_be_secrets_do_not_black_out_the_log():
    redactor = Redactor()
    redactor.learn("db", {"port": 5432, "on": "true", "user": "app"})

    assert redactor.redact("app listens on 5432: true") == "app listens on 5432: true"


@pytest.mark.parametrize("style", ["json", "console"])
def test_log_lines_are_redacted_with_their_tracebacks(style):
    redactor, output = Redactor(), io.StringIO()
    redactor.learn("db", {"password": "canary-value"})
    log = logger(level="debug", style=style, redact=redactor.redact, stream=output)

    try:
        raise ValueError("wrong: canary-value")
    except ValueError:
        log.exception("failed with canary-value", password="canary-value")

    assert "canary-value" not in output.getvalue()
    assert "Traceback" in output.getvalue()


@pytest.mark.timeout(60)
def test_nothing_but_the_destination_ever_holds_the_value(app, tmpfs, tmp_path):
    """A rotation, a failing hook that prints the value, a missing key, a revoked token."""
    app.put("db", password="canary-one-7f3a")
    settings = daemon(app, tmpfs)
    settings["template_config"] = {"static_secret_render_interval": "200ms"}
    settings["journal"] = {"path": str(tmp_path / "journal.jsonl")}
    settings["template"][0]["exec"] = {
        "command": ["sh", "-c", f"cat {tmpfs}/db.env >&2; base64 {tmpfs}/db.env; exit 3"]
    }
    path = write_config(tmp_path, settings)
    with running("run", "-c", path) as injector:
        injector.wait_for("notification failed")
        app.put("db", password="canary-two-7f3a")
        injector.wait_for("file written", times=2)
        app.put("db", other="canary-three-7f3a")
        injector.wait_for("file not written")
        status = result("status", "--json", "-c", path)
        table = overview(json.loads(status.stdout))
        refused = result("probe", "ready", "-c", path)
        refreshed = result("refresh", "db", "-c", path)
        pages = [ask(tmpfs / "injector.sock", "GET", page) for page in ("/", "/metrics")]
        argv = (_proc(injector) / "cmdline").read_text()
        injector.end()

    secret_id = app.secret_id.read_text().strip()
    assert refreshed.returncode == 5
    assert [answer for answer, _ in pages] == [200, 200]
    journal = (tmp_path / "journal.jsonl").read_text()
    assert '"outcome": "failed"' in journal
    said = (status, refused, refreshed)
    texts = [text for ended in said for text in (ended.stdout, ended.stderr)]
    texts += [*table, *(text for _, text in pages), injector.output, argv, journal]
    for text in texts:
        assert "7f3a" not in text
        assert base64.b64encode(b"pw=canary-two").decode()[:16] not in text
        assert secret_id not in text
        assert "hvs." not in text
        assert "s.ey" not in text
    assert [entry.name for entry in tmpfs.iterdir()] == ["db.env"]


def _proc(injector):
    from pathlib import Path

    return Path("/proc", str(injector.popen.pid))


def test_what_libraries_log_is_redacted_too():
    """asyncio and aiohttp report through the standard library's logging, with tracebacks."""
    redactor, output = Redactor(), io.StringIO()
    redactor.learn("db", {"password": "canary-value"})
    log = logger(level="info", style="json", redact=redactor.redact, stream=output)

    with library_logs(log):
        try:
            raise ValueError("wrong: canary-value")
        except ValueError:
            logging.getLogger("asyncio").exception("Task failed with canary-value")
        logging.getLogger("aiohttp.access").info("not worth a line")

    assert "canary-value" not in output.getvalue()
    assert "Task failed with [redacted]" in output.getvalue()
    assert "ValueError" in output.getvalue()
    assert "not worth a line" not in output.getvalue()


async def _broken(_: object) -> int:
    raise RuntimeError("broken with canary-value")


def test_an_internal_error_outside_any_service_is_redacted_and_reported_as_one(tmp_path, capsys):
    loaded = load_text(tmp_path, "log_format: json")

    def knowing(kept: Kept):
        kept.redactor.learn("db", {"password": "canary-value"})
        return _broken(kept)

    assert execute(loaded, knowing) == 1
    said = capsys.readouterr().err
    assert "internal error" in said
    assert "canary-value" not in said
