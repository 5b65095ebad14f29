"""`status`: what it says of a running injector, as JSON, as a table, and again and again."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time

from injector.cli.overview import overview
from injector.cli.status import screen
from injector.runtime.listeners import status_report
from injector.status import place
from injector.status.attention import attention, counts, health
from injector.status.exposition import exposition
from tests.cli.test_run import daemon
from tests.engine.test_rollback import CANARY, application
from tests.support.processes import LIMIT, clean_environment, command, result, running, write_config


def settings(lab, **blocks):
    defaults = {
        "secrets": {"app": {"path": lab.path("app")}},
        "template": [
            {
                "contents": "{{ app.value }}",
                "destination": str(lab.tmpfs / "file"),
                "notify": ["app"],
            }
        ],
        "notify": {"app": application(lab.tmpfs, str(lab.tmpfs / "file"))},
        "listener": [{"type": "unix", "address": str(lab.tmpfs / "socket")}],
    }
    return lab.config(**(defaults | blocks))


def said(engine):
    """What `/status` answers."""
    report = status_report(engine.assembly, engine.state)
    return json.loads(json.dumps(report.as_json()))


async def test_what_fails_comes_first(lab):
    lab.put("app", value="one")
    secrets = {"app": {"path": lab.path("app")}, "zzz": {"path": lab.path("nobody-wrote-this")}}
    template = [
        {"contents": f"{{{{ {name}.value }}}}", "destination": str(lab.tmpfs / name)}
        for name in secrets
    ]
    config = settings(lab, secrets=secrets, template=template, notify={})

    async with lab.start(config) as running:
        lines = overview(said(running))

        rows = [line.split()[0] for line in lines if line.startswith(("app ", "zzz "))]
        assert rows[:2] == ["zzz", "app"]


async def test_an_application_that_is_not_running_has_not_been_notified(lab):
    lab.put("app", value="one")
    nobody = {"signal": "SIGHUP", "process": {"pid_file": str(lab.tmpfs / "app.pid")}}
    config = settings(lab, notify={"app": nobody})

    async with lab.start(config) as running:
        for moment in (0, 60):  # looked for again for 30 s, and then given up
            await lab.clock.advance(moment)
            status = said(running)
            [target] = status["notify"]

            assert (target["absent"], target["notified_at"]) == (True, None)
            assert re.search("^app +- .* not running$", "\n".join(overview(status)), re.MULTILINE)


async def test_the_table_shows_the_current_state_and_what_comes_next(lab, database):
    lab.put("app", value="one")
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    lab.allow(f"secret/data/{lab.name}/*", f"database/creds/{lab.name}")
    blocks = {
        "secrets": {
            "app": {"path": lab.path("app")},
            "db": {"path": f"database/creds/{lab.name}"},
        },
        "template": [
            {
                "contents": "{{ app.value }}",
                "destination": str(lab.tmpfs / "file"),
                "notify": ["app"],
            },
            {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db")},
        ],
    }

    async with lab.start(settings(lab, **blocks)) as running:
        await lab.clock.advance(30)
        status = json.loads(json.dumps(said(running)).replace(str(lab.tmpfs), ""))

    lines = [re.sub(r"^[0-9a-f]{4}-[12]  ", "ID      ", line) for line in overview(status)]
    assert [*lines[:-2], *sorted(lines[-2:])] == [
        "injector: healthy (ready, version 0.1.0, up 30s)",
        f"host {socket.gethostname()}, configuration ",
        "secrets: 2 ok · files: 2 ok · hooks: 1 ok",
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


async def test_rejected_content_is_an_alarm_with_the_reason_and_without_the_value(lab):
    lab.put("app", value="good")

    async with lab.start(settings(lab)) as running:
        lab.put("app", value=CANARY)
        await lab.clock.advance(90)
        status = said(running)
        text = "\n".join(overview(status))

    [alarm] = status["alarms"]
    assert alarm["alarm"] == "rolled_back"
    assert alarm["name"] == str(lab.tmpfs / "file")
    assert "rolled back, since app did not accept the change" in alarm["error"]
    assert "was rejected by its application and rolled back" in text
    assert "2           " in text
    assert "rolled back (hook)" in text
    assert CANARY not in json.dumps(status)


async def test_an_outage_is_shown_with_its_reason_and_what_is_late(lab):
    lab.put("app", value="one")

    async with lab.start(settings(lab)) as running:
        lab.proxy.status = 503
        await lab.clock.advance(120)
        text = "\n".join(overview(said(running)))

    assert text.startswith("injector: needs attention: 1 of 1 secrets failing (ready, ")
    assert "vault: failing for 1m" in text
    [line] = [line for line in text.splitlines() if line.startswith("FAILING: ")]
    assert line.startswith("FAILING: vault: ")
    assert "read now" in text


async def test_what_does_not_exist_yet_is_shown_too(lab):
    async with lab.start(settings(lab)) as running:
        status = said(running)
        text = "\n".join(overview(status))

    assert text.startswith(
        "injector: needs attention: 1 of 1 secrets failing; 1 of 1 files waiting"
    )
    assert " (not ready, " in text
    assert f"\nFAILING: secret app: read {lab.path('app')}: " in text
    assert f"\nNOT READY: {lab.tmpfs}/file is not in place yet\n" in text
    assert "app     -     -           -    -           read now  failing for 0s\n\n" in text
    assert status["secrets"][0]["next"]["act"] == "read"
    assert status["rotations"] == []


async def test_a_path_that_is_made_of_a_secret_is_not_its_name(lab):
    lab.put("app", tenant=CANARY)
    lab.put(CANARY, value="two")
    computed = f'{{{{ secret("{lab.path("")}" ~ app.tenant).value }}}}'
    blocks = {"template": [{"contents": computed, "destination": str(lab.tmpfs / "file")}]}

    async with lab.start(settings(lab, **blocks)) as running:
        assert lab.read("file") == "two"
        assert [secret["name"] for secret in said(running)["secrets"]] == [
            "app",
            lab.path("[redacted: app.tenant]"),
        ]
        assert CANARY not in json.dumps(said(running))
        assert CANARY not in exposition(running.state.metrics)[0].decode()


def test_the_supervised_command_has_a_line_of_its_own():
    command = {
        "state": "ok", "since": 0.0, "program": "gunicorn", "pid": 7, "started_at": 40.0,
        "starts": 2, "last_exit": "SIGTERM", "environment": [],
    }  # fmt: skip
    waits = {"program": None, "pid": None, "started_at": None, "starts": 0, "last_exit": None}

    [line] = overview(whole(now=100.0, command=command))[3:]
    assert line == "command: gunicorn, pid 7, up 1m, 2 starts, last ended with SIGTERM: ok"
    [line] = overview(whole(now=100.0, command=command | waits | {"state": "waiting"}))[3:]
    assert line == "command: never started: waiting for 1m40s"


def test_control_characters_do_not_reach_the_terminal():
    broken = {"state": "failing", "since": 0, "error": "\x1b]0;owned\x07 \r\n ok"}

    lines = overview(whole(vault=broken, host="\x1b[2J"))

    assert all(line.isprintable() for line in lines)


def whole(**parts):
    """An answer of `/status` of which only these parts are of interest."""
    status = json.loads(json.dumps(NOTHING)) | parts
    status["attention"] = attention(status)
    return status | {"health": health(status), "counts": counts(status)}


NOTHING = {
    "version": "0", "host": "web-1", "in_kubernetes": False, "namespace": None, "now": 0.0,
    "uptime": 0.0, "ready": True, "not_ready": [], "alarms": [],
    "configuration": {"path": "/etc/injector.yaml", "state": "ok", "since": 0.0},
    "vault": {"state": "ok", "address": "https://vault"},
    "token": {"state": "ok", "next": {"act": "renew", "at": None}},
    "secrets": [], "files": [], "bundles": [], "sinks": [], "notify": [], "command": None,
    "journal": None, "rotations": [],
}  # fmt: skip


def test_a_missing_token_shows_the_next_attempt_before_the_reason():
    refused = {"state": "failing", "since": 0.0, "error": "is it there?"}
    token = {**refused, "next": {"act": "log in", "at": 12.0}}

    lines = overview(whole(now=9.0, token=token))

    assert lines[2] == "token: failing for 9s, log in in 3s"
    assert lines[3] == "FAILING: token: is it there? (for 9s)"


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


# --- what needs attention ----------------------------------------------------------------------


def failing(name, error, *, key="name", of="denied", failures=8):
    return {
        key: name, "state": "failing", "since": 40.0, "error": error, "error_class": of,
        "failures": failures, "next": None, "used_by": [], "secrets": [], "notify": [],
        "pending": [], "notified_at": None,
    }  # fmt: skip


def top(status):
    """The lines of what needs attention."""
    return [line for line in overview(status) if line.partition(":")[0] in SORTS]


SORTS = ("ALARM", "FAILING", "NOT READY")


def test_everything_that_fails_is_at_the_top_and_in_the_first_line():
    status = whole(
        now=100.0,
        token=failing("", "login refused", of="auth") | {"next": {"act": "log in", "at": 110.0}},
        secrets=[failing("db", "read x: denied"), {"name": "ok", "state": "ok", "next": None}],
        files=[failing("/run/a", "no space", key="destination")],
        sinks=[failing("/run/token", "no room", key="path")],
        notify=[failing("web", "hook 'web': `false` exited with 1", of="hook")],
        journal={"path": "/j", "state": "failing", "error": "full"},
    )

    assert overview(status)[0] == (
        "injector: needs attention: 1 of 2 secrets, 1 of 1 files, 1 of 1 sinks, 1 of 1 hooks "
        "failing (ready, version 0, up 0s)"
    )
    assert top(status) == [
        "FAILING: token: login refused (for 1m)",
        "FAILING: secret db: read x: denied (for 1m)",
        "FAILING: file /run/a: no space (for 1m)",
        "FAILING: sink /run/token: no room (for 1m)",
        "FAILING: hook 'web': `false` exited with 1 (for 1m)",
        "FAILING: journal /j: full",
    ]
    assert status["health"] == "failing"
    assert status["counts"]["secrets"] == {"failing": 1, "ok": 1}


def test_each_message_is_shown_once_however_many_have_it():
    error = "read: denied\nask for read"
    secrets = [failing(f"s{number}", error) for number in range(7)]
    reason = "/run/a is not in place yet: read: denied; ask for read"

    status = whole(now=100.0, secrets=secrets, not_ready=[reason], ready=False)

    assert top(status) == [
        "FAILING: secrets s0, s1, s2, s3, s4 and 2 more: read: denied; ask for read (for 1m)",
        "NOT READY: /run/a is not in place yet",
    ]
    assert "\n".join(overview(status)).count("read: denied") == 1


def test_an_alarm_and_its_file_are_one_message():
    error = "rolled back, since app did not accept the change"
    file = failing("/run/a", error, key="destination", of="hook")
    alarm = file | {"alarm": "rolled_back", "name": "/run/a"}

    assert top(whole(now=100.0, files=[file], alarms=[alarm])) == [
        f"ALARM: /run/a was rejected by its application and rolled back: {error} (for 1m)"
    ]


def test_of_very_many_messages_the_first_are_at_the_top_and_the_others_in_their_rows():
    secrets = [failing(f"s{number:03}", f"no {number:03}") for number in range(300)]

    lines = overview(whole(now=100.0, secrets=secrets))

    assert sum(line.startswith("FAILING: ") for line in lines) == 10
    assert "and 290 more, see below" in lines
    assert "  no 009" not in lines
    assert "  no 010" in lines


def test_what_a_retry_usually_mends_needs_nobody_before_the_third_time():
    once, thrice = (failing("a", "HTTP 503", of="transient", failures=n) for n in (1, 3))

    assert whole(secrets=[once])["health"] == "ok"
    assert whole(secrets=[thrice])["health"] == "failing"
    assert whole(vault=once | {"address": "x"})["health"] == "failing"  # confirmed by a probe


def test_whoever_is_only_starting_is_neither_healthy_nor_failing():
    assert whole(ready=False, not_ready=["/run/a is not in place yet"])["health"] == "waiting"


def test_the_pod_and_its_namespace_are_named(tmp_path, monkeypatch):
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    monkeypatch.setattr(place, "NAMESPACE", tmp_path / "namespace")
    host = socket.gethostname()

    assert place.here({}) == place.Place(host, in_kubernetes=False, namespace=None)
    assert place.here(pod) == place.Place(host, in_kubernetes=True, namespace=None)
    (tmp_path / "namespace").write_text("shop")
    assert place.here(pod) == place.Place(host, in_kubernetes=True, namespace="shop")
    named = pod | {"POD_NAMESPACE": "other", "POD_NAME": "app-0"}
    assert place.here(named) == place.Place("app-0", in_kubernetes=True, namespace="other")
    assert overview(whole(in_kubernetes=True, host="app-0", namespace="shop"))[1] == (
        "pod app-0 in namespace shop, configuration /etc/injector.yaml"
    )


def test_it_is_a_table_without_a_terminal_too_and_the_exit_code_says_if_somebody_has_to_look(
    app, tmpfs, tmp_path
):
    """As in `kubectl exec`, at night: the file is there, and the application has not heard."""
    app.put("db", password=CANARY)
    settings = daemon(app, tmpfs)
    settings["template"][0]["command"] = ["sh", "-c", f"test -e {tmpfs}/mended"]
    path = write_config(tmp_path, settings)
    with running("run", "-c", path) as injector:
        injector.wait_for("notification failed")
        broken = result("status", "-c", path)
        machine = result("status", "--json", "-c", path)
        (tmpfs / "mended").touch()
        injector.wait_for('"notified"')
        mended = result("status", "-c", path)
        watched = subprocess.Popen(
            command("status", "--watch", "-c", path), stdout=subprocess.PIPE, text=True
        )
        with watched:
            assert watched.stdout is not None
            line = watched.stdout.readline()
            watched.kill()
        assert injector.end() == 0

    assert broken.returncode == machine.returncode == 1
    assert broken.stdout.startswith("injector: needs attention: 1 of 1 hooks failing (ready, ")
    assert "\nFAILING: hook 'sh -c " in broken.stdout
    assert json.loads(machine.stdout)["health"] == "failing"
    assert mended.returncode == 0
    assert mended.stdout.startswith("injector: healthy (ready, ")
    assert line.startswith("injector: healthy")


def test_a_hook_that_waits_for_many_files_does_not_fill_the_table():
    hook = failing("app", "no", of="hook") | {"pending": [f"/run/{n:03}" for n in range(300)]}

    lines = overview(whole(now=100.0, notify=[hook]))

    assert "app     -         /run/000, /run/001, /run/002 and 297 more  failing for 1m" in lines
