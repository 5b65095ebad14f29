"""The supervised command in the whole engine: when it is started, restarted, signaled, let go."""

import asyncio
import os
import signal
import sys

import pytest

from injector.engine.store import Phase
from injector.targets.child.command import Wanted
from tests.support.fakes import LIMIT

CANARY = "canary-5d1e-value"
# Writes what it has been given to its journal, and who it is and what it has now, then waits.
SAYS = 'echo "$PASSWORD $(cat {file})" >> {journal}; echo "$$ $PASSWORD" > {now}; exec sleep 1000'
DIES = SAYS.replace("exec", '[ "$PASSWORD" != canary-5d1e-value ] || exit 9; exec')


def supervising(lab, *, script=SAYS, **blocks):
    """One secret, in a variable and in a file, for a command that writes both to its journal."""
    names = {name: lab.tmpfs / name for name in ("file", "journal", "now")}
    command = ["/bin/sh", "-c", script.format(**names)]
    defaults = {
        "secrets": {"a": {"path": lab.path("a")}},
        "template": [{"contents": "{{ a.value }}", "destination": str(lab.tmpfs / "file")}],
        "env_template": [{"name": "PASSWORD", "contents": "{{ a.value }}"}],
    }
    settings = {"command": command, "kill_timeout": "5s"} | blocks.pop("exec", {})
    return lab.config(**(defaults | {"exec": settings} | blocks))


def journal(tmpfs):
    path = tmpfs / "journal"
    return path.read_text().splitlines() if path.exists() else []


async def until(condition):
    """Wait, in real time, for what another process does."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - it does not tell us
            await asyncio.sleep(0.005)


async def has_written(tmpfs, *lines):
    await until(lambda: len(journal(tmpfs)) >= len(lines))
    assert journal(tmpfs) == list(lines)


async def killed(command):
    pid = command.pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: command.pid != pid)


# --- the start ---------------------------------------------------------------------------------


async def test_it_is_started_with_its_environment_and_its_files(lab):
    lab.put("a", value="one")
    async with lab.start(supervising(lab)) as running:
        await has_written(lab.tmpfs, "one one")

        assert running.assembly.readiness.reasons() == []
        assert running.command.starts == 1


async def test_it_is_not_started_while_anything_is_missing(lab):
    lab.put("a", value="one")
    secrets = {"a": {"path": lab.path("a")}, "b": {"path": lab.path("b")}}
    other = {"contents": "{{ b.value }}", "destination": str(lab.tmpfs / "other")}
    config = supervising(lab, secrets=secrets)
    config["template"].append(other)

    async with lab.start(config) as running:
        await lab.clock.advance(30)
        assert running.command.starts == 0
        assert "the command is not running" in running.assembly.readiness.reasons()
        lab.put("b", value="two")
        await lab.clock.advance(70)

        await has_written(lab.tmpfs, "one one")
        assert running.assembly.readiness.reasons() == []


async def test_it_is_started_after_every_hook_has_run_once(lab):
    lab.put("a", value="one")
    config = supervising(lab)
    prepares = f"sleep 0.2; echo prepared >> {lab.tmpfs}/journal; exit 1"
    config["template"][0]["command"] = ["/bin/sh", "-c", prepares]

    async with lab.start(config):
        await has_written(lab.tmpfs, "prepared", "one one")


async def test_a_hook_that_ran_in_an_earlier_run_delays_nothing(lab):
    lab.put("a", value="one")
    hook = {"command": ["/bin/true"], "min_interval": "1h"}
    config = supervising(lab, notify={"hook": hook})
    config["template"][0]["notify"] = ["hook"]
    state = lab.fresh_state()
    state.ledger.notified_at["hook"] = lab.clock.now()  # handed over

    async with lab.start(config, state=state):
        await has_written(lab.tmpfs, "one one")


async def test_it_is_not_started_on_a_value_that_has_expired(lab):
    """It crashes in an outage that outlasts its certificate: it is started with the next one."""
    lab.admin.sys.enable_secrets_engine("pki", path=f"pki-{lab.name}")
    lab.admin.secrets.pki.generate_root(
        "internal", common_name="root", mount_point=f"pki-{lab.name}"
    )
    lab.admin.secrets.pki.create_or_update_role(
        "web", {"allow_any_name": True}, mount_point=f"pki-{lab.name}"
    )
    lab.allow(f"pki-{lab.name}/issue/web")
    params = {"common_name": "web.internal", "ttl": "120s"}
    secrets = {"a": {"path": f"pki-{lab.name}/issue/web", "params": params}}
    config = supervising(
        lab,
        secrets=secrets,
        script='echo "$PASSWORD" >> {journal}; exec sleep 1000',
        template=[],
        env_template=[{"name": "PASSWORD", "contents": "{{ a.serial_number }}"}],
        exec={"restart_on_crash": "always"},
    )

    async with lab.start(config) as running:
        await until(lambda: len(journal(lab.tmpfs)) == 1)
        lab.proxy.status = 503
        await lab.clock.advance(200)
        await killed(running.command)
        await lab.clock.advance(120)
        assert running.command.starts == 1
        lab.proxy.status = None
        await lab.clock.advance(30)

        await until(lambda: len(journal(lab.tmpfs)) == 2)
        assert len(set(journal(lab.tmpfs))) == 2


# --- changes -----------------------------------------------------------------------------------


async def test_it_is_restarted_once_with_what_has_changed(lab):
    lab.put("a", value="one")
    async with lab.start(supervising(lab)) as running:
        await has_written(lab.tmpfs, "one one")
        lab.put("a", value="two")
        await lab.clock.advance(75)
        await has_written(lab.tmpfs, "one one", "two two")
        lab.put("a", value="two")
        await lab.clock.advance(75)

        assert running.command.starts == 2
        starts = running.state.metrics.child_starts.values
        assert starts == {("first",): 1, ("changed",): 1, ("crashed",): 0}
        assert running.state.metrics.notifications.values["exec", "sent"] == 1


async def test_it_is_not_restarted_before_a_file_that_cannot_be_written_is_new_too(lab):
    lab.put("a", value="one")
    async with lab.start(supervising(lab)) as running:
        await has_written(lab.tmpfs, "one one")
        (lab.tmpfs / "file").unlink()
        (lab.tmpfs / "file").mkdir()
        lab.put("a", value="two")
        await lab.clock.advance(90)
        assert running.command.starts == 1
        assert f"{lab.tmpfs}/file is not finished" in running.log
        (lab.tmpfs / "file").rmdir()
        await lab.clock.advance(25)

        await has_written(lab.tmpfs, "one one", "two two")


async def test_with_never_it_keeps_the_old_variables_until_it_is_next_started(lab):
    lab.put("a", value="one")
    never = {"restart_on_secret_changes": "never", "restart_on_crash": "always"}
    config = supervising(lab, exec=never)
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "one one")
        lab.put("a", value="two")
        await lab.clock.advance(75)
        assert running.command.starts == 1
        [current] = running.state.store.all()
        assert str(current.phase) == Phase.PUBLISHED

        await killed(running.command)
        await lab.clock.advance(5)

        await has_written(lab.tmpfs, "one one", "two two")
        await lab.clock.settled()
        assert str(current.phase) == Phase.DELIVERED


async def test_a_file_may_restart_it_too(lab):
    lab.put("a", value="one")
    notify = {"app": {"process": {"child": True}}}
    config = supervising(lab, notify=notify, env_template=[])
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config):
        await has_written(lab.tmpfs, " one")
        lab.put("a", value="two")
        await lab.clock.advance(75)

        await has_written(lab.tmpfs, " one", " two")


HANDLES = """
import os, signal, sys, time
file, journal, now = sys.argv[1:]
def say(*_):
    value = open(file).read()
    print(value, file=open(journal, "a"))
    print(os.getpid(), value, file=open(now, "w"))
    if dies and "canary" in value:
        os._exit(4)
signal.signal(signal.SIGHUP, say)
say()
while True:
    time.sleep(0.02)  # not pause(): it sleeps through a signal that came just before
"""


def handling(tmpfs, *, dies=False):
    """A command that reads its file again on SIGHUP."""
    paths = [str(tmpfs / name) for name in ("file", "journal", "now")]
    return {"command": [sys.executable, "-c", f"dies = {dies}\n{HANDLES}", *paths]}


async def test_it_may_be_signaled_instead(lab):
    lab.put("a", value="one")
    notify = {"app": {"signal": "SIGHUP", "process": {"child": True}}}
    config = supervising(lab, notify=notify, env_template=[], exec=handling(lab.tmpfs))
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "one")
        assert running.state.metrics.notifications.values["app", "current"] == 1
        lab.put("a", value="two")
        await lab.clock.advance(75)

        await has_written(lab.tmpfs, "one", "two")
        assert running.command.starts == 1


async def test_one_that_does_not_handle_the_signal_survives_and_the_reason_is_logged(lab):
    lab.put("a", value="one")
    notify = {"app": {"signal": "SIGHUP", "process": {"child": True}}}
    config = supervising(lab, notify=notify, env_template=[])
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, " one")
        lab.put("a", value="two")
        await lab.clock.advance(75)

        assert running.command.pid is not None
        [alarm] = running.assembly.health.failures()
        assert "does not handle SIGHUP and would be killed by it" in str(alarm.error)


# --- crashes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
async def test_its_exit_is_ours_with_the_exit_code_of_a_shell(lab, script, code):
    lab.put("a", value="one")
    config = supervising(lab, script=script)
    async with lab.start(config) as running:
        await until(lambda: running.command.exit_code is not None)

        assert running.command.exit_code == code
        assert running.command.starts == 1


async def test_one_that_crashes_is_started_again_with_growing_waits(lab):
    lab.put("a", value="one")
    always = {"restart_on_crash": "always"}
    config = supervising(lab, script="exit 3", exec=always)
    async with lab.start(config) as running:
        command = running.command
        waits = []
        for starts in range(1, 9):
            await until(lambda starts=starts: command.crashes == starts)
            await lab.clock.settled()
            waits.append(command.start_at - lab.clock.now())
            [alarm] = running.assembly.health.failures()
            assert str(alarm.error) == "the command ended with exit code 3"
            assert running.assembly.readiness.reasons() == ["the command is not running"]
            await lab.clock.advance(waits[-1])

        assert waits == [0.75, 1.5, 3, 6, 12, 24, 45, 45]


async def test_a_change_ends_the_wait_after_a_crash(lab):
    lab.put("a", value=CANARY)
    always = {"restart_on_crash": "always"}
    config = supervising(lab, script=DIES, exec=always)
    async with lab.start(config) as running:
        for crashes in range(1, 6):
            await until(lambda crashes=crashes: running.command.crashes == crashes)
            await lab.clock.settled()
            if crashes < 5:
                await lab.clock.advance(running.command.start_at - lab.clock.now())
        assert running.command.start_at - lab.clock.now() == 12

        lab.put("a", value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(2)

        await until(lambda: journal(lab.tmpfs)[-1] == "two two")


async def test_one_that_crashes_with_an_old_value_is_started_at_once_with_the_new_one(lab):
    lab.put("a", value="one")
    async with lab.start(supervising(lab)) as running:
        await has_written(lab.tmpfs, "one one")
        await lab.clock.advance(1)
        lab.put("a", value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()  # rendered, and the restart waits for a quiet moment
        await killed(running.command)

        await has_written(lab.tmpfs, "one one", "two two")
        await lab.clock.advance(30)
        assert running.command.starts == 2


# --- a change that it does not take ------------------------------------------------------------


WELL = """
while :; do
    if read pid value < {0}/now && kill -0 $pid && [ "$value" = "$(cat {0}/file)" ]; then
        case $value in *canary*) exit 1;; esac
        exit 0
    fi
    sleep 0.01
done
"""


def revertible(tmpfs, **more):
    """It is well once whoever runs now has what is in the file, unless that is the canary."""
    return {
        "process": {"child": True},
        "verify": {"command": ["/bin/sh", "-c", WELL.format(tmpfs)], "timeout": "2s"},
        "on_failure": "rollback",
        **more,
    }


@pytest.mark.parametrize("script", [SAYS, DIES], ids=["rejects", "dies"])
async def test_a_change_that_it_rejects_is_rolled_back_and_it_runs_with_the_old_values(lab, script):
    lab.put("a", value="good")
    config = supervising(lab, script=script, notify={"app": revertible(lab.tmpfs)})
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "good good")
        lab.put("a", value=CANARY)
        await lab.clock.advance(90)
        await has_written(lab.tmpfs, "good good", f"{CANARY} {CANARY}", "good good")
        await lab.clock.advance(600)

        command = running.command
        assert command.pid is not None
        assert (command.starts, command.wanted) == (3, Wanted.RUNNING)
        assert lab.read("file") == "good"
        alarms = {alarm.name for alarm in running.assembly.health.failures()}
        assert alarms == {str(lab.tmpfs / "file"), "env_template"}
        assert CANARY not in running.log

        lab.put("a", value="better")
        await lab.clock.advance(90)
        await until(lambda: journal(lab.tmpfs)[-1] == "better better")
        assert running.assembly.health.settled


async def test_one_that_is_killed_by_a_signal_after_a_change_is_started_with_the_old_file(lab):
    lab.put("a", value="good")
    notify = {"app": revertible(lab.tmpfs, signal="SIGHUP")}
    config = supervising(lab, notify=notify, env_template=[], exec=handling(lab.tmpfs, dies=True))
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "good")
        lab.put("a", value=CANARY)
        await lab.clock.advance(90)

        await has_written(lab.tmpfs, "good", CANARY, "good")
        assert running.command.pid is not None
        assert lab.read("file") == "good"


async def test_its_exit_rejects_nothing_if_the_signal_could_not_be_sent(lab):
    lab.put("a", value="one")
    notify = {"app": revertible(lab.tmpfs, signal="SIGHUP")}
    config = supervising(lab, notify=notify, env_template=[])
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, " one")
        lab.put("a", value="two")
        await lab.clock.advance(75)
        assert "does not handle SIGHUP" in running.log

        await killed(running.command)

        await has_written(lab.tmpfs, " one", " two")
        assert "rolled back" not in running.log


async def test_what_came_before_it_died_is_tried_before_any_rollback(lab):
    lab.put("a", value="good")
    silent = {"command": ["/bin/sh", "-c", "exec sleep 1000"], "timeout": "20s"}
    config = supervising(lab, notify={"app": revertible(lab.tmpfs, verify=silent)})
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "good good")
        await lab.clock.advance(1)
        lab.put("a", value=CANARY)
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(3, settle=False)
        await has_written(lab.tmpfs, "good good", f"{CANARY} {CANARY}")
        await lab.clock.advance(1, settle=False)
        lab.put("a", value="mended")
        running.assembly.watch.refresh_static()
        await until(lambda: running.state.ledger.is_pending("app"))
        await killed(running.command)
        await running.log_has("changed again before it was confirmed")
        await lab.clock.advance(3, settle=False)

        await has_written(lab.tmpfs, "good good", f"{CANARY} {CANARY}", "mended mended")
        assert "rolled back" not in running.log


async def test_one_that_fails_with_the_old_values_too_ends_us_with_its_exit_code(lab):
    lab.put("a", value="good")
    once = SAYS.replace("exec", "[ $(wc -l < {journal}) = 1 ] || exit 9; exec")
    config = supervising(lab, script=once, notify={"app": revertible(lab.tmpfs)})
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "good good")
        lab.put("a", value=CANARY)
        async with asyncio.timeout(LIMIT):
            while running.command.exit_code is None:
                await lab.clock.advance(5)

        assert running.command.exit_code == 9
        assert journal(lab.tmpfs)[:3] == ["good good", f"{CANARY} {CANARY}", "good good"]


async def test_a_restart_during_verification_of_a_signal_is_not_a_rejection(lab):
    lab.put("a", value="one")
    restarted = (
        f"until read pid _ < {lab.tmpfs}/now && [ $pid != $(cat {lab.tmpfs}/first) ]; do :; done"
    )
    verify = {"command": ["/bin/sh", "-c", restarted], "timeout": "20s"}
    notify = {"app": revertible(lab.tmpfs, signal="SIGHUP", verify=verify)}
    config = supervising(lab, notify=notify, exec=handling(lab.tmpfs))
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "one")
        (lab.tmpfs / "first").write_text(str(running.command.pid))
        await lab.clock.advance(1)
        lab.put("a", value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(3, settle=False)  # signaled, and then restarted while it is asked
        await lab.clock.settled()

        await until(lambda: journal(lab.tmpfs)[-1] == "two")
        assert running.command.starts == 2
        assert running.assembly.health.settled
        assert "rolled back" not in running.log


async def test_a_shutdown_during_verification_is_not_a_rejection(lab):
    lab.put("a", value="one")
    silent = {"command": ["/bin/sh", "-c", "exit 1"], "timeout": "20s"}
    config = supervising(lab, notify={"app": revertible(lab.tmpfs, verify=silent)})
    config["template"][0]["notify"] = ["app"]
    async with lab.start(config) as running:
        await has_written(lab.tmpfs, "one one")
        lab.put("a", value="two")
        await lab.clock.advance(75)
        await has_written(lab.tmpfs, "one one", "two two")
        running.command.stop(signal.SIGTERM)
        await until(lambda: running.command.exit_code is not None)
        await lab.clock.advance(30)

        assert running.command.exit_code == 143
        assert lab.read("file") == "two"
        assert "rolled back" not in running.log


# --- reloads -----------------------------------------------------------------------------------


async def test_a_reload_leaves_it_running_and_a_changed_command_restarts_it(lab):
    lab.put("a", value="one")
    config = supervising(lab)
    async with lab.start(config, stays=True) as running:
        await has_written(lab.tmpfs, "one one")
        state, pid = running.state, running.command.pid
    async with lab.start(config, state=state, stays=True) as again:
        await lab.clock.advance(10)
        assert again.command.pid == pid
    config["exec"]["command"][2] = (
        "echo other >> " + str(lab.tmpfs / "journal") + "; exec sleep 1000"
    )
    async with lab.start(config, state=state, stays=True):
        await has_written(lab.tmpfs, "one one", "other")
    del config["env_template"]
    config["exec"]["command"][2] = f'echo "<$PASSWORD>" >> {lab.tmpfs}/journal; exec sleep 1000'
    async with lab.start(config, state=state):
        await until(lambda: journal(lab.tmpfs)[-1] == "<>")


async def test_one_that_exits_as_requested_during_a_reload_is_started_again(lab):
    lab.put("a", value="one")
    slow = (
        "mkfifo {now}; trap 'read _ < {now}; exit 0' TERM; echo \"$PASSWORD\" >> {journal}; "
        "while :; do sleep 0.01; done"
    )
    config = supervising(lab, script=slow)
    async with lab.start(config, stays=True) as running:
        await until(lambda: journal(lab.tmpfs) == ["one"])
        await lab.clock.advance(1)
        lab.put("a", value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        await lab.clock.advance(3, settle=False)
        await until(lambda: "command restarting" in running.log)
        state = running.state
    assert state.command is not None
    (lab.tmpfs / "now").write_text("")
    await until(lambda: state.command.pid is None)
    async with lab.start(config, state=state):
        await until(lambda: journal(lab.tmpfs) == ["one", "two"])
        assert state.command.exit_code is None
        (lab.tmpfs / "now").unlink()
        (lab.tmpfs / "now").touch()  # nothing to wait for at its end
