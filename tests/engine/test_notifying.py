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

from injector.base.health import State
from injector.targets.notify import processes
from tests.support.engine import configuration, engine, load_from
from tests.support.fakes import LIMIT
from tests.support.processes import running, write_config

SECRETS = [f"s{n:02}" for n in range(20)]


def journal(tmpfs, name="journal"):
    return (tmpfs / name).read_text().split()


def appends(tmpfs, word, *, then="true"):
    return ["sh", "-c", f"echo {word} >> {tmpfs}/journal; {then}"]


def configured(app, address, tmpfs, names, *, notify, **template):
    """A file for each secret; each is read again at its own moment of the same second."""
    return configuration(
        app,
        address,
        secrets={
            name: {"path": app.path(name), "refresh": f"{60_000 + 45 * n}ms"}
            for n, name in enumerate(names)
        },
        template=[
            {
                "contents": f"{{{{ {name}.value }}}}",
                "destination": str(tmpfs / name),
                "notify": list(notify),
                **template,
            }
            for name in names
        ],
        notify=notify,
    )


async def until(condition):
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0)


async def line_of(tmpfs, number):
    await until(lambda: len(journal(tmpfs)) >= number)


async def test_commands_of_templates_run_one_after_another_in_the_order_of_the_file(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("s", value="x")
    settings = configuration(
        app,
        proxy.address,
        secrets={"s": {"path": app.path("s")}},
        template=[
            {
                "contents": "{{ s.value }}",
                "destination": str(tmpfs / name),
                "command": appends(
                    tmpfs, f"{name}-begins", then=f"echo {name}-ends >> {tmpfs}/journal"
                ),
            }
            for name in SECRETS[:8]
        ],
    )

    async with engine(load_from(tmp_path, settings), clock):
        expected = [f"{name}-{what}" for name in SECRETS[:8] for what in ("begins", "ends")]
        assert journal(tmpfs) == expected


async def test_twenty_changes_in_a_second_are_one_notification_and_one_during_the_hook_another(
    app, proxy, clock, tmpfs, tmp_path
):
    for name in SECRETS:
        app.put(name, value="one")
    os.mkfifo(tmpfs / "release")
    hook = appends(tmpfs, "told", then=f"test ! -e {tmpfs}/hold || cat {tmpfs}/release")
    settings = configured(app, proxy.address, tmpfs, SECRETS, notify={"app": {"command": hook}})

    async with engine(load_from(tmp_path, settings), clock) as running:
        assert len(journal(tmpfs)) == 1

        for name in SECRETS:
            app.put(name, value="two")
        (tmpfs / "hold").touch()
        await clock.advance(62)
        assert running.log.count("file written") == 40
        await clock.advance(1, settle=False)
        await line_of(tmpfs, 2)

        app.put("s07", value="three")
        running.assembly.watch.refresh_static()
        async with asyncio.timeout(LIMIT):
            while running.log.count("file written") < 41:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0)
        (tmpfs / "hold").unlink()
        (tmpfs / "release").write_text("go")
        await clock.settled()
        assert len(journal(tmpfs)) == 2
        await clock.advance(5)
        assert len(journal(tmpfs)) == 3

        notified = [json.loads(line) for line in running.log.splitlines() if '"notified"' in line]
        assert [len(event["files"]) for event in notified] == [20, 20, 1]

        for name in SECRETS:
            app.put(name, value="three" if name == "s07" else "two")
        await clock.advance(200)
        assert running.log.count("file written") == 41
        assert len(journal(tmpfs)) == 3


async def test_what_is_still_being_checked_is_waited_for(app, proxy, clock, tmpfs, tmp_path):
    app.put("s", value="one")
    (tmpfs / "go").touch()
    check = ["sh", "-c", f"until [ -e {tmpfs}/go ]; do sleep 0.01; done"]
    settings = configured(
        app, proxy.address, tmpfs, ["s"], notify={"app": {"command": appends(tmpfs, "told")}}
    )
    checked = {"destination": str(tmpfs / "checked"), "check": {"command": check}}
    settings["template"].append({**settings["template"][0], **checked})

    async with engine(load_from(tmp_path, settings), clock) as running:
        assert journal(tmpfs) == ["told"]
        (tmpfs / "go").unlink()
        app.put("s", value="two")
        running.assembly.watch.refresh_static()
        await until(lambda: (tmpfs / "s").read_text() == "two")
        await clock.advance(3, settle=False)
        (tmpfs / "go").touch()
        await clock.settled()
        await clock.advance(3)

        assert (tmpfs / "checked").read_text() == "two"
        assert journal(tmpfs) == ["told", "told"]


async def test_what_an_earlier_run_could_not_announce_is_waited_for(
    app, proxy, clock, tmpfs, tmp_path
):
    """Or a second `once` would say that all is well while its hook still runs."""
    app.put("s", value="one")
    hook = appends(tmpfs, "told", then=f"test -e {tmpfs}/well")
    settings = configured(app, proxy.address, tmpfs, ["s"], notify={"app": {"command": hook}})
    loaded = load_from(tmp_path, settings)
    async with engine(loaded, clock) as running:
        assert len(running.assembly.health.failures()) == 1
        state = running.state

    (tmpfs / "well").touch()
    async with engine(loaded, clock, state=state, settle=False) as running:
        report = running.assembly.health.of("notify", "app")
        assert report is not None
        assert report.state is State.WAITING
        await clock.settled()
        assert running.assembly.health.settled


async def test_a_command_that_failed_and_was_corrected_runs(app, proxy, clock, tmpfs, tmp_path):
    app.put("s", value="one")

    def plan(command):
        return load_from(
            tmp_path, configured(app, proxy.address, tmpfs, ["s"], notify={}, command=command)
        )

    async with engine(plan(["false"]), clock) as running:
        assert len(running.assembly.health.failures()) == 1
        state = running.state
    async with engine(plan(appends(tmpfs, "told")), clock, state=state) as running:
        await clock.advance(3)

        assert journal(tmpfs) == ["told"]
        assert running.assembly.health.settled


async def test_every_target_of_a_file_is_notified_once_and_a_failing_one_delays_no_other(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="one")
    notify = {
        "good": {"command": appends(tmpfs, "good")},
        "bad": {"command": appends(tmpfs, "bad", then="false")},
    }
    settings = configured(
        app, proxy.address, tmpfs, ["a"], notify=notify, command=appends(tmpfs, "command")
    )

    async with engine(load_from(tmp_path, settings), clock) as running:
        assert sorted(journal(tmpfs)) == ["bad", "command", "good"]
        await clock.advance(50)
        seen = journal(tmpfs)
        assert (seen.count("good"), seen.count("command")) == (1, 1)
        assert seen.count("bad") > 3
        assert [failing.name for failing in running.assembly.health.failures()] == ["bad"]


async def test_a_changing_secret_is_announced_no_more_often_than_min_interval(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="0")
    notify = {"app": {"command": appends(tmpfs, "told"), "min_interval": "5m"}}
    settings = configured(app, proxy.address, tmpfs, ["a"], notify=notify)

    async with engine(load_from(tmp_path, settings), clock):
        for turn in range(14):
            app.put("a", value=str(turn))
            await clock.advance(60)
            assert (tmpfs / "a").read_text() in {str(turn), str(turn - 1)}
        await clock.advance(60)

        assert (tmpfs / "a").read_text() == "13"
        assert len(journal(tmpfs)) == 1 + 3


@pytest.mark.parametrize("verify", ["http", "tcp"])
async def test_an_application_is_notified_over_http_and_verified(
    app, proxy, clock, tmpfs, tmp_path, verify
):
    """It says which value it has loaded, and stops listening for clients when that is bad."""
    app.put("a", value="one")
    loaded: list[str] = []
    clients = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    client_port = clients.sockets[0].getsockname()[1]

    async def reload(_: web.Request) -> web.Response:
        loaded.append((tmpfs / "a").read_text())
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
    settings = configured(
        app, proxy.address, tmpfs, ["a"], notify={"app": {**notify, "on_failure": "rollback"}}
    )
    try:
        async with engine(load_from(tmp_path, settings), clock) as running:
            app.put("a", value="two")
            await clock.advance(70)
            assert loaded == ["one", "two"]
            assert running.assembly.health.settled

            app.put("a", value="bad")
            await clock.advance(66)
            assert loaded[:4] == ["one", "two", "bad", "two"]
            assert (tmpfs / "a").read_text() == "two"
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
    settings = configured(app, app.bao.address, tmpfs, ["a"], notify=notify)
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
    app, proxy, clock, tmpfs, tmp_path, monkeypatch
):
    """As without `shareProcessNamespace`: nothing is visible but the injector and what it runs."""
    app.put("s", value="x")
    notify = {"app": {"signal": "SIGHUP", "process": {"name": "vi-nowhere"}}}
    loaded = load_from(tmp_path, configured(app, proxy.address, tmpfs, ["s"], notify=notify))
    own = {os.getpid(): processes.process(os.getpid())}
    monkeypatch.setattr(processes, "processes", lambda: own)

    async with engine(loaded, clock) as running:
        await clock.advance(28)
        assert running.assembly.health.failures() == []  # it may be starting

        await clock.advance(5)
        [report] = running.assembly.health.failures()
        assert "hook 'app': no process outside the injector's own container" in str(report.error)
        assert "shareProcessNamespace: true" in str(report.error)
        said = running.events("notification failed")
        assert [each["level"] for each in said].count("error") == 1

        monkeypatch.undo()  # it is there after all
        await clock.advance(60)
        assert running.assembly.health.failures() == []
