"""No secret value, token or secret id in any output, whatever goes wrong."""

import base64
import io
import json
import logging
import urllib.parse

import pytest

from injector.base.log import library_logs, logger
from injector.base.redactor import Redactor
from injector.cli.daemon import execute
from injector.cli.overview import overview
from injector.runtime.state import ProcessState
from tests.cli.test_run import daemon
from tests.status.test_listener import ask
from tests.support.configs import load_text
from tests.support.processes import result, running, write_config

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
    assert "[redacted: db.nested.password]" in redacted


def test_the_generation_before_the_last_is_still_masked_and_older_ones_are_not_kept():
    redactor = Redactor()
    for value in ("value-one", "value-two", "value-three"):
        redactor.learn("db", {"password": value})

    assert (
        redactor.redact("value-two value-three")
        == "[redacted: db.password] [redacted: db.password]"
    )
    assert redactor.redact("value-one") == "value-one"


def test_a_value_that_two_secrets_share_is_masked_until_both_are_gone():
    redactor = Redactor()
    redactor.learn("a", {"password": "shared-value"})
    redactor.learn("b", {"password": "shared-value"})

    redactor.forget("a")
    assert redactor.redact("shared-value") == "[redacted: b.password]"
    redactor.forget("b")
    assert redactor.redact("shared-value") == "shared-value"


def test_of_two_values_with_the_same_prefix_the_longer_is_masked_completely():
    redactor = Redactor()
    redactor.learn("a", ["password", "password-and-more"])

    assert redactor.redact("<password-and-more>") == "<[redacted: a]>"


def test_values_too_short_to_be_secrets_do_not_black_out_the_log():
    redactor = Redactor()
    redactor.learn("db", {"port": 5432, "on": "true", "user": "app"})

    assert redactor.redact("app listens on 5432: true") == "app listens on 5432: true"


@pytest.mark.parametrize("style", ["json", "console"])
def test_log_lines_are_redacted_with_their_tracebacks(style):
    redactor, output = Redactor(), io.StringIO()
    redactor.learn("db", {"password": "canary-value"})
    log = logger(level="debug", style=style, redact=redactor.proofread, stream=output)

    try:
        raise ValueError("wrong: canary-value")
    except ValueError:
        log.exception(
            "failed", error="with canary-value", all=["canary-value", {"a": "canary-value"}]
        )

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
    log = logger(level="info", style="json", redact=redactor.proofread, stream=output)

    with library_logs(log, redactor.redact):
        try:
            raise ValueError("wrong: canary-value")
        except ValueError:
            logging.getLogger("asyncio").exception("Task failed with canary-value")
        logging.getLogger("aiohttp.access").info("not worth a line")

    assert "canary-value" not in output.getvalue()
    assert "Task failed with [redacted: db.password]" in output.getvalue()
    assert "ValueError" in output.getvalue()
    assert "not worth a line" not in output.getvalue()


async def _broken(_: object) -> int:
    raise RuntimeError("broken with canary-value")


def test_an_internal_error_outside_any_service_is_redacted_and_reported_as_one(tmp_path, capsys):
    loaded = load_text(tmp_path, "log_format: json")

    def knowing(state: ProcessState):
        state.redactor.learn("db", {"password": "canary-value"})
        return _broken(state)

    assert execute(loaded, knowing) == 1
    said = capsys.readouterr().err
    assert "internal error" in said
    assert "canary-value" not in said


ORDINARY = {
    "username": "bookshelf",
    "log_level": "warning",
    "stamp": "timestamp",
    "what": "refresh failed",
    "directory": "/dev/shm/bookshelf",
    "number": 1764189780,
}


def test_the_operators_words_stay_whatever_values_there_are():
    redactor, output = Redactor(), io.StringIO()
    redactor.configured({}, lambda: ["app", "/dev/shm/bookshelf/pw", "bookshelf", "/bookshelf"])
    redactor.learn("app", ORDINARY)
    log = logger(level="info", style="json", redact=redactor.proofread, stream=output)
    problem = "/dev/shm/bookshelf/pw:1: secret 'bookshelf' has no such key"

    log.warning("refresh failed", path="/dev/shm/bookshelf/pw", error=problem, at=1764189780)

    said = json.loads(output.getvalue())
    assert said.pop("timestamp").startswith("20")
    assert said == {
        "level": "warning",
        "event": "refresh failed",
        "path": "/dev/shm/bookshelf/pw",
        "error": problem,
        "at": 1764189780,
    }


def test_text_from_outside_is_masked_although_the_configuration_spells_it():
    redactor = Redactor()
    redactor.configured({}, lambda: ["bookshelf"])
    redactor.learn("app", ORDINARY)

    assert redactor.redact("warning: no bookshelf at 1764189780") == (
        "[redacted: app.log_level]: no [redacted: app.username] at [redacted: app.number]"
    )


def test_what_only_contains_a_word_of_the_configuration_is_masked():
    redactor = Redactor()
    redactor.configured({}, lambda: ["bookshelf", "/run/app"])
    redactor.learn("app", ["my-bookshelf-2", "bookshelf2", "/run/app/deep", "shelf-1"])

    text = "my-bookshelf-2 bookshelf2 bookshelf /run/app /run/app/deep shelf-1"
    mask = "[redacted: app]"
    assert redactor.proofread(text) == f"{mask} {mask} bookshelf /run/app {mask} {mask}"


def test_a_mask_shows_no_value_in_the_name_of_another():
    redactor = Redactor()
    redactor.learn("app", {"canary-7f3a": "in a key", "nested": {"canary-7f3a": "hidden-9b2c"}})
    redactor.learn("canary-7f3a", {"a": "canary-7f3a"})

    said = redactor.redact("in a key, hidden-9b2c, canary-7f3a")
    assert said == "[redacted: app], [redacted: app], [redacted]"


def test_of_two_values_that_overlap_nothing_is_left():
    redactor = Redactor()
    redactor.learn("a", "first-second")
    redactor.learn("b", "second-third")

    assert redactor.redact("<first-second-third>") == "<[redacted: a]>"


@pytest.mark.parametrize("before", ["", "p", "pw"])
@pytest.mark.parametrize("width", [60, 64, 76])
@pytest.mark.parametrize("after", ["", "\n", " and more\n"])
def test_base64_is_recognized_wrapped_at_any_width_and_inside_other_text(before, width, after):
    value = "canary-" + "7f3a" * 60
    redactor = Redactor()
    redactor.learn("db", value)
    encoded = base64.b64encode(f"{before}{value}{after}".encode()).decode()
    wrapped = "\n  ".join(encoded[at : at + width] for at in range(0, len(encoded), width))

    said = redactor.redact(f"it printed\n  {wrapped}\nand ended")

    assert said.startswith("it printed\n  ")
    assert said.endswith("\nand ended")
    assert "[redacted: db]" in said
    assert len(said) < 100


def test_what_is_quoted_is_short_and_shows_no_part_of_a_value_that_the_end_cuts():
    redactor = Redactor()
    redactor.learn("key", "-----BEGIN KEY-----\n" + "7f3a9b2c" * 1000)
    redactor.learn("app", "canary-7f3a")

    said = redactor.quote("canary-7f3a " + "x" * 900 + " -----BEGIN KEY-----\n" + "7f3a9b2c" * 1000)

    assert said == "[redacted: app] " + "x" * 900 + " …"
    assert redactor.quote("short: canary-7f3a") == "short: [redacted: app]"
