"""When applications are notified, in the engine: once for a run of changes, never too late."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from aiohttp import web

from injector.base.health import HealthState
from injector.targets.notify import processes
from tests.support.engine import configuration
from tests.support.fakes import LIMIT
from tests.support.processes import running, write_config

SECRETS = [f"s{n:02}" for n in range(20)]


def journal(tmpfs, name="journal"):
    return (tmpfs / name).read_text().split()


def appends(tmpfs, word, *, then="true"):
    return ["sh", "-c", f"echo {word} >> {tmpfs}/journal; {then}"]


def configured(lab, names, *, notify, **template):
    return lab.config(**files(lab.app, lab.tmpfs, names, notify=notify, **template))


def files(app, tmpfs, names, *, notify, **template):
    """A file for each secret; each is read again at its own moment of the same second."""
    return {
        "secrets": {
            name: {"path": app.path(name), "refresh": f"{60_000 + 45 * n}ms"}
            for n, name in enumerate(names)
        },
        "template": [
            {
                "contents": f"{{{{ {name}.value }}}}",
                "destination": str(tmpfs / name),
                "notify": list(notify),
                **template,
            }
            for name in names
        ],
        "notify": notify,
    }


async def until(condition):
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0)


async def line_of(tmpfs, number):
    await until(lambda: len(journal(tmpfs)) >= number)


async def test_commands_of_templates_run_one_after_another_in_the_order_of_the_file(lab):
    lab.put("s", value="x")
    settings = lab.config(
        secrets={"s": {"path": lab.path("s")}},
        template=[
            {
                "contents": "{{ s.value }}",
                "destination": str(lab.tmpfs / name),
                "command": appends(
                    lab.tmpfs, f"{name}-begins", then=f"echo {name}-ends >> {lab.tmpfs}/journal"
                ),
            }
            for name in SECRETS[:8]
        ],
    )

    async with lab.start(settings):
        expected = [f"{name}-{what}" for name in SECRETS[:8] for what in ("begins", "ends")]
        assert journal(lab.tmpfs) == expected


async def test_twenty_changes_in_a_second_are_one_notification_and_one_during_the_hook_another(lab):
    for name in SECRETS:
        lab.put(name, value="one")
    os.mkfifo(lab.tmpfs / "release")
    hook = appends(lab.tmpfs, "told", then=f"test ! -e {lab.tmpfs}/hold || cat {lab.tmpfs}/release")
    settings = configured(lab, SECRETS, notify={"app": {"command": hook}})

    async with lab.start(settings) as running:
        assert len(journal(lab.tmpfs)) == 1

        for name in SECRETS:
            lab.put(name, value="two")
        (lab.tmpfs / "hold").touch()
        await lab.clock.advance(62)
        assert running.log.count("file written") == 40
        await lab.clock.advance(1, settle=False)
        await line_of(lab.tmpfs, 2)

        lab.put("s07", value="three")
        running.assembly.watch.refresh_static()
        async with asyncio.timeout(LIMIT):
            while running.log.count("file written") < 41:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0)
        (lab.tmpfs / "hold").unlink()
        (lab.tmpfs / "release").write_text("go")
        await lab.clock.settled()
        assert len(journal(lab.tmpfs)) == 2
        await lab.clock.advance(5)
        assert len(journal(lab.tmpfs)) == 3

        notified = [json.loads(line) for line in running.log.splitlines() if '"notified"' in line]
        assert [len(event["files"]) for event in notified] == [20, 20, 1]

        for name in SECRETS:
            lab.put(name, value="three" if name == "s07" else "two")
        await lab.clock.advance(200)
        assert running.log.count("file written") == 41
        assert len(journal(lab.tmpfs)) == 3


async def test_not_all_has_settled_while_a_change_during_a_notification_is_still_to_be_notified(
    lab,
):
    """Otherwise `once` would end in between, and nobody would hear of that change."""
    first, second = SECRETS[:2]
    lab.put(first, value="one")
    lab.put(second, value="one")
    os.mkfifo(lab.tmpfs / "release")
    hook = appends(lab.tmpfs, "told", then=f"test ! -e {lab.tmpfs}/hold || cat {lab.tmpfs}/release")
    settings = configured(lab, [first, second], notify={"app": {"command": hook}})

    async with lab.start(settings) as running:
        (lab.tmpfs / "hold").touch()
        lab.put(first, value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(5, settle=False)
        await line_of(lab.tmpfs, 2)

        lab.put(second, value="two")
        running.assembly.watch.refresh_static()
        await until(lambda: running.log.count("file written") == 4)
        (lab.tmpfs / "hold").unlink()
        (lab.tmpfs / "release").write_text("go")
        await lab.clock.settled()
        assert len(journal(lab.tmpfs)) == 2
        assert not running.assembly.health.settled

        await lab.clock.advance(5)
        assert len(journal(lab.tmpfs)) == 3
        assert running.assembly.health.settled


async def test_what_is_still_being_checked_is_waited_for(lab):
    lab.put("s", value="one")
    (lab.tmpfs / "go").touch()
    check = ["sh", "-c", f"until [ -e {lab.tmpfs}/go ]; do sleep 0.01; done"]
    settings = configured(lab, ["s"], notify={"app": {"command": appends(lab.tmpfs, "told")}})
    checked = {"destination": str(lab.tmpfs / "checked"), "check": {"command": check}}
    settings["template"].append({**settings["template"][0], **checked})

    async with lab.start(settings) as running:
        assert journal(lab.tmpfs) == ["told"]
        (lab.tmpfs / "go").unlink()
        lab.put("s", value="two")
        running.assembly.watch.refresh_static()
        await until(lambda: lab.read("s") == "two")
        await lab.clock.advance(3, settle=False)
        (lab.tmpfs / "go").touch()
        await lab.clock.settled()
        await lab.clock.advance(3)

        assert lab.read("checked") == "two"
        assert journal(lab.tmpfs) == ["told", "told"]


async def test_what_an_earlier_run_could_not_announce_is_waited_for(lab):
    """Or a second `once` would say that all is well while its hook still runs."""
    lab.put("s", value="one")
    hook = appends(lab.tmpfs, "told", then=f"test -e {lab.tmpfs}/well")
    settings = configured(lab, ["s"], notify={"app": {"command": hook}})
    async with lab.start(settings) as running:
        assert len(running.assembly.health.failures()) == 1
        state = running.state

    (lab.tmpfs / "well").touch()
    async with lab.start(settings, state=state, settle=False) as running:
        report = running.assembly.health.of("notify", "app")
        assert report is not None
        assert report.state is HealthState.WAITING
        await lab.clock.settled()
        assert running.assembly.health.settled


async def test_a_command_that_failed_and_was_corrected_runs(lab):
    lab.put("s", value="one")

    def plan(command):
        return lab.load(configured(lab, ["s"], notify={}, command=command))

    async with lab.start(plan(["false"])) as running:
        assert len(running.assembly.health.failures()) == 1
        state = running.state
    async with lab.start(plan(appends(lab.tmpfs, "told")), state=state) as running:
        await lab.clock.advance(3)

        assert journal(lab.tmpfs) == ["told"]
        assert running.assembly.health.settled


async def test_every_target_of_a_file_is_notified_once_and_a_failing_one_delays_no_other(lab):
    lab.put("a", value="one")
    notify = {
        "good": {"command": appends(lab.tmpfs, "good")},
        "bad": {"command": appends(lab.tmpfs, "bad", then="false")},
    }
    settings = configured(lab, ["a"], notify=notify, command=appends(lab.tmpfs, "command"))

    async with lab.start(settings) as running:
        assert sorted(journal(lab.tmpfs)) == ["bad", "command", "good"]
        await lab.clock.advance(50)
        seen = journal(lab.tmpfs)
        assert (seen.count("good"), seen.count("command")) == (1, 1)
        assert seen.count("bad") > 3
        assert [failing.name for failing in running.assembly.health.failures()] == ["bad"]


async def test_a_changing_secret_is_announced_no_more_often_than_min_interval(lab):
    lab.put("a", value="0")
    notify = {"app": {"command": appends(lab.tmpfs, "told"), "min_interval": "5m"}}
    settings = configured(lab, ["a"], notify=notify)

    async with lab.start(settings):
        for turn in range(14):
            lab.put("a", value=str(turn))
            await lab.clock.advance(60)
            assert lab.read("a") in {str(turn), str(turn - 1)}
        await lab.clock.advance(60)

        assert lab.read("a") == "13"
        assert len(journal(lab.tmpfs)) == 1 + 3


@pytest.mark.parametrize("verify", ["http", "tcp"])
async def test_an_application_is_notified_over_http_and_verified(lab, verify):
    """It says which value it has loaded, and stops listening for clients when that is bad."""
    lab.put("a", value="one")
    loaded: list[str] = []
    clients = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    client_port = clients.sockets[0].getsockname()[1]

    async def reload(_: web.Request) -> web.Response:
        loaded.append(lab.read("a"))
        if loaded[-1] == "bad":
            clients.close()
        return web.Response(status=204)

    async def health(_: web.Request) -> web.Response:
        return web.Response(text=f"value: {loaded[-1]}")

    web_app = web.Application()
    web_app.add_routes([web.post("/reload", reload), web.get("/health", health)])
    runner = web.AppRunner(web_app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ways: dict[str, dict[str, Any]] = {
        "http": {"http": {"url": f"{url}/health", "body_pattern": "value: (one|two)"}},
        "tcp": {"tcp": f"127.0.0.1:{client_port}"},
    }
    notify = {"http": {"url": f"{url}/reload"}, "verify": {**ways[verify], "timeout": "2s"}}
    settings = configured(lab, ["a"], notify={"app": {**notify, "on_failure": "rollback"}})
    try:
        async with lab.start(settings) as running:
            lab.put("a", value="two")
            await lab.clock.advance(70)
            assert loaded == ["one", "two"]
            assert running.assembly.health.settled

            lab.put("a", value="bad")
            await lab.clock.advance(66)
            assert loaded[:4] == ["one", "two", "bad", "two"]
            assert lab.read("a") == "two"
            [alarm] = [r for r in running.assembly.health.failures() if r.kind == "file"]
            reason = "nothing that matches" if verify == "http" else "no connection to 127.0.0.1"
            assert reason in str(alarm.error)
    finally:
        await runner.cleanup()
        clients.close()


LISTENER = """
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: print("told", flush=True))
print("up", flush=True)
while True: signal.pause()
"""


def test_an_application_whose_pid_file_comes_late_is_notified_within_seconds(app, tmpfs, tmp_path):
    """It was running before the change, so it may have read the old file."""
    app.put("a", value="one")
    pid_file = tmpfs / "app.pid"
    notify = {"app": {"signal": "SIGHUP", "process": {"pid_file": str(pid_file)}}}
    settings = configuration(app, app.bao.address, **files(app, tmpfs, ["a"], notify=notify))
    settings["listener"] = [{"type": "unix", "address": str(tmpfs / "socket")}]
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdout=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "up\n"
        with running("run", "-c", write_config(tmp_path, settings)) as injector:
            injector.wait_for("nothing to notify yet")
            assert '"level":"error"' not in injector.output

            pid_file.write_text(f"{listener.pid}\n")
            injector.wait_for('"outcome":"sent"', limit=30)
            assert listener.stdout.readline() == "told\n"
            assert injector.end() == 0
        listener.send_signal(signal.SIGKILL)


async def test_an_application_that_can_never_be_seen_is_a_failure_after_half_a_minute(
    lab, monkeypatch
):
    """As without `shareProcessNamespace`: nothing is visible but the injector and what it runs."""
    lab.put("s", value="x")
    notify = {"app": {"signal": "SIGHUP", "process": {"name": "vi-nowhere"}}}
    own = {os.getpid(): processes.process(os.getpid())}
    monkeypatch.setattr(processes, "processes", lambda: own)

    async with lab.start(configured(lab, ["s"], notify=notify)) as running:
        await lab.clock.advance(28)
        assert running.assembly.health.failures() == []  # it may be starting

        await lab.clock.advance(5)
        [report] = running.assembly.health.failures()
        assert "hook 'app': no process outside the injector's own container" in str(report.error)
        assert "shareProcessNamespace: true" in str(report.error)
        said = running.events("notification failed")
        assert [each["level"] for each in said].count("error") == 1

        monkeypatch.undo()  # it is there after all
        await lab.clock.advance(60)
        assert running.assembly.health.failures() == []
