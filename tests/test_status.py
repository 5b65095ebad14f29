"""`status`: what it says of a running injector, as JSON, as a table, and again and again."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

from injector.agent.listeners import status_report
from injector.cli.overview import overview
from injector.cli.status import screen
from injector.status.exposition import exposition
from tests.engine import configuration, engine, load_from
from tests.processes import LIMIT, clean_environment, command, result, running, write_config
from tests.test_rollback import CANARY, application
from tests.test_run import daemon


def settings(app, proxy, tmpfs, **blocks):
    defaults = {
        "secrets": {"app": {"path": app.path("app")}},
        "template": [
            {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]}
        ],
        "notify": {"app": application(tmpfs, str(tmpfs / "file"))},
        "listener": [{"type": "unix", "address": str(tmpfs / "socket")}],
    }
    return configuration(app, proxy.address, **(defaults | blocks))


def said(engine):
    """What `/status` answers."""
    report = status_report(engine.assembly, engine.kept)
    return json.loads(json.dumps(report.as_json()))


async def test_what_fails_comes_first(app, proxy, clock, tmpfs, tmp_path):
    app.put("app", value="one")
    secrets = {"app": {"path": app.path("app")}, "zzz": {"path": app.path("nobody-wrote-this")}}
    template = [
        {"contents": f"{{{{ {name}.value }}}}", "destination": str(tmpfs / name)}
        for name in secrets
    ]
    config = settings(app, proxy, tmpfs, secrets=secrets, template=template, notify={})

    async with engine(load_from(tmp_path, config), clock) as running:
        lines = overview(said(running))

        rows = [line.split()[0] for line in lines if line.startswith(("app ", "zzz "))]
        assert rows[:2] == ["zzz", "app"]


async def test_an_application_that_is_not_running_has_not_been_notified(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("app", value="one")
    nobody = {"signal": "SIGHUP", "process": {"pid_file": str(tmpfs / "app.pid")}}
    config = settings(app, proxy, tmpfs, notify={"app": nobody})

    async with engine(load_from(tmp_path, config), clock) as running:
        for moment in (0, 60):  # looked for again for 30 s, and then given up
            await clock.advance(moment)
            status = said(running)
            [target] = status["notify"]

            assert (target["absent"], target["notified_at"]) == (True, None)
            assert re.search("^app +- .* not running$", "\n".join(overview(status)), re.MULTILINE)


async def test_the_table_shows_the_current_state_and_what_comes_next(
    app, proxy, clock, tmpfs, tmp_path, database
):
    app.put("app", value="one")
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    app.allow(f"secret/data/{app.name}/*", f"database/creds/{app.name}")
    blocks = {
        "secrets": {
            "app": {"path": app.path("app")},
            "db": {"path": f"database/creds/{app.name}"},
        },
        "template": [
            {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]},
            {"contents": "{{ db.password }}", "destination": str(tmpfs / "db")},
        ],
    }

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, **blocks)), clock) as running:
        await clock.advance(30)
        status = json.loads(json.dumps(said(running)).replace(str(tmpfs), ""))

    lines = [re.sub(r"^[0-9a-f]{4}-[12]  ", "ID      ", line) for line in overview(status)]
    assert [*lines[:-2], *sorted(lines[-2:])] == [
        "injector 0.1.0, up 30s, ready",
        "token: ok, expires in 59m30s, renew in 40m",
        "",
        "SECRET  KIND    GENERATION  AGE  EXPIRES IN  NEXT          STATE",
        "app     static  1           30s  -           read in 30s   ok",
        "db      lease   1           30s  59m30s      renew in 40m  ok",
        "",
        "FILE   FROM  NOTIFY  STATE",
        "/file  app   app     ok",
        "/db    db    -       ok",
        "",
        "NOTIFY  NOTIFIED  PENDING  STATE",
        "app     30s ago   -        ok",
        "",
        "ROTATION  SECRET  GENERATION  WHEN     TOOK  OUTCOME",
        "ID        app     1           30s ago  0.0s  delivered",
        "ID        db      1           30s ago  0.0s  delivered",
    ]


async def test_rejected_content_is_an_alarm_with_the_reason_and_without_the_value(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("app", value="good")

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs)), clock) as running:
        app.put("app", value=CANARY)
        await clock.advance(90)
        status = said(running)
        text = "\n".join(overview(status))

    [alarm] = status["alarms"]
    assert alarm["alarm"] == "rolled_back"
    assert alarm["name"] == str(tmpfs / "file")
    assert "rolled back, since app did not accept the change" in alarm["error"]
    assert "was rejected by its application and rolled back" in text
    assert "2           " in text
    assert "rolled back (hook)" in text
    assert CANARY not in json.dumps(status)


async def test_an_outage_is_shown_with_its_reason_and_what_is_late(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("app", value="one")

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs)), clock) as running:
        proxy.status = 503
        await clock.advance(120)
        text = "\n".join(overview(said(running)))

    assert "vault: failing for 1m" in text
    assert "read now" in text


async def test_what_does_not_exist_yet_is_shown_too(app, proxy, clock, tmpfs, tmp_path):
    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs)), clock) as running:
        status = said(running)
        text = "\n".join(overview(status))

    assert ", not ready\n" in text
    assert f"\nNOT READY: {tmpfs}/file is not in place yet: read {app.path('app')}: " in text
    assert "app     -     -           -    -           read now  failing for 0s\n  " in text
    assert status["secrets"][0]["next"]["act"] == "read"
    assert status["rotations"] == []


async def test_a_path_that_is_made_of_a_secret_is_not_its_name(app, proxy, clock, tmpfs, tmp_path):
    app.put("app", tenant=CANARY)
    app.put(CANARY, value="two")
    computed = f'{{{{ secret("{app.path("")}" ~ app.tenant).value }}}}'
    blocks = {"template": [{"contents": computed, "destination": str(tmpfs / "file")}]}

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, **blocks)), clock) as running:
        assert (tmpfs / "file").read_text() == "two"
        assert [secret["name"] for secret in said(running)["secrets"]] == [
            "app",
            app.path("[redacted: app.tenant]"),
        ]
        assert CANARY not in json.dumps(said(running))
        assert CANARY not in exposition(running.kept.metrics).decode()


def test_the_supervised_command_has_a_line_of_its_own():
    command = {
        "state": "ok", "since": 0.0, "program": "gunicorn", "pid": 7, "started_at": 40.0,
        "starts": 2, "last_exit": "SIGTERM", "environment": [],
    }  # fmt: skip
    waits = {"program": None, "pid": None, "started_at": None, "starts": 0, "last_exit": None}

    [line] = overview(EMPTY | {"now": 100.0, "command": command})[2:]
    assert line == "command: gunicorn, pid 7, up 1m, 2 starts, last ended with SIGTERM: ok"
    [line] = overview(EMPTY | {"now": 100.0, "command": command | waits | {"state": "waiting"}})[2:]
    assert line == "command: never started: waiting for 1m40s"


def test_control_characters_do_not_reach_the_terminal():
    status = json.loads(json.dumps(EMPTY))
    status["vault"] = {"state": "failing", "since": 0, "error": "\x1b]0;owned\x07 \r\n ok"}

    lines = overview(status)

    assert all(line.isprintable() for line in lines)


EMPTY = {
    "version": "0", "now": 0.0, "uptime": 0.0, "ready": True, "not_ready": [], "alarms": [],
    "vault": {"state": "ok", "address": "https://vault"},
    "token": {"state": "ok", "next": {"act": "renew", "at": None}},
    "secrets": [], "files": [], "bundles": [], "sinks": [], "notify": [], "command": None,
    "journal": None, "rotations": [],
}  # fmt: skip


def test_a_missing_token_shows_the_next_attempt_before_the_reason():
    refused = {"state": "failing", "since": 0.0, "error": "is it there?"}
    token = {**refused, "next": {"act": "log in", "at": 12.0}}

    lines = overview({**EMPTY, "now": 9.0, "token": token})

    assert lines[1] == "token: failing for 9s, log in in 3s: is it there?"


def test_a_screen_is_truncated_to_the_terminal():
    drawn = screen(["a" * 30, "b", "c", "d"], 20, 3)

    assert "a" * 19 + "…" in drawn
    assert "a" * 20 not in drawn
    assert "… and 2 more lines" in drawn
    assert "c" not in drawn


@contextlib.contextmanager
def on_a_terminal(*args):
    """A command whose output is a terminal; what it shows is read from there."""
    ours, theirs = pty.openpty()
    popen = subprocess.Popen(command(*args), stdout=theirs, stderr=theirs, env=clean_environment())
    os.close(theirs)
    try:
        yield popen, ours
    finally:
        popen.kill()
        popen.wait()
        os.close(ours)


def shows(terminal, text):
    """Read until the terminal has been sent `text`."""
    found, deadline = "", time.monotonic() + LIMIT
    while text not in found:
        left = deadline - time.monotonic()
        assert left > 0, found
        if select.select([terminal], [], [], left)[0]:
            found += os.read(terminal, 65536).decode()
    return found


def test_watch_survives_a_restart_and_leaves_the_terminal_as_it_was(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    path = write_config(tmp_path, daemon(app, tmpfs))
    with on_a_terminal("status", "--watch", "100ms", "-c", path) as (popen, terminal):
        shows(terminal, "no injector answers")
        with running("run", "-c", path) as injector:
            injector.wait_for("file written")
            assert CANARY not in shows(terminal, "db.env  db    -       ok")
            injector.end()
        shows(terminal, "no injector answers")
        popen.send_signal(signal.SIGINT)
        shows(terminal, "\x1b[?1049l")

        assert popen.wait(timeout=5) == 130


def test_watch_with_json_is_a_line_each_time(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    path = write_config(tmp_path, daemon(app, tmpfs))
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")
        args = command("status", "--json", "--watch", "100ms", "-c", path)
        with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
            watching.kill()
        assert injector.end() == 0

    assert lines[0]["uptime"] < lines[1]["uptime"]
    gone = result("status", "--json", "--watch", "-c", path)
    assert gone.returncode == 9
