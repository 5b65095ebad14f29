"""What goes wrong on this machine stays on this machine: hooks and disks, in the whole engine."""

import asyncio
import ctypes
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from injector.rendering.template.compiled import JinjaTemplate
from injector.targets.notify import processes as notify_processes
from injector.targets.notify.processes import ancestry
from tests.support.disk import STRANGER, mounted
from tests.support.engine import configuration
from tests.support.processes import processes, result, running, until, write_config

PR_CAPBSET_DROP = 24
CANARY = "canary-8d21-value"


def with_creds(lab, creds, **other):
    """A lease in one file, and another file that has the fault."""
    entries = [
        {"contents": "{{ db.username }}", "destination": str(lab.tmpfs / "db")},
        {"contents": "{{ a.value }}", "destination": str(lab.tmpfs / "a"), **other},
    ]
    secrets = {"db": {"path": creds}, "a": {"path": lab.path("a")}}
    return lab.config(secrets=secrets, template=entries)


# --- hooks that fail or hang


async def test_a_hook_that_fails_for_ten_minutes_is_retried_alone(lab, creds):
    lab.put("a", value=CANARY)
    noise = f"print('x' * 9000); print('the value is', {CANARY!r}); raise SystemExit(1)"
    hook = {"command": [sys.executable, "-c", noise]}

    async with lab.start(with_creds(lab, creds, exec=hook), jitter=1.0) as running:
        before = os.stat(lab.tmpfs / "db")
        await lab.clock.advance(600)

        assert lab.proxy.count(creds) == 1
        assert os.stat(lab.tmpfs / "db").st_mtime_ns == before.st_mtime_ns
        [failing] = running.assembly.health.failures()
        assert (failing.kind, getattr(failing.error, "exit_code", None)) == ("notify", 8)
        failures = running.events("notification failed")
        waits = [failure["retry_in"] for failure in failures]
        assert all(later >= earlier for earlier, later in pairwise(waits))
        assert waits[-1] == 30
        assert 20 <= len(failures) <= 26
        error = failures[0]["error"]
        assert "exited with 1: " in error
        assert error.endswith("the value is [redacted: a.value]")
        assert len(error.encode()) < 4096 + 300
        assert CANARY not in running.log


def test_a_hook_that_hangs_is_killed_with_its_children_and_delays_no_renewal(
    app, tmpfs, tmp_path, database
):
    """In real time: a lease of 2 s has to be renewed before the hook's 2 s are over."""
    database.role(app.admin, app.name, ttl="2s", max_ttl="1h")
    creds = f"database/creds/{app.name}"
    app.allow(creds)
    mark = f"stubborn-{app.name}"
    stubborn = f"((sh -c 'trap \"\" TERM; while :; do sleep 1; done' {mark} &) &)"
    entry = {
        "contents": "{{ db.username }} {{ db.password }}",
        "destination": str(tmpfs / "db"),
        "exec": {"command": ["sh", "-c", f"{stubborn}; sleep 3600"], "timeout": "2s"},
    }
    settings = configuration(
        app,
        app.bao.address,
        secrets={"db": {"path": creds}},
        template=[entry],
        listener=[{"type": "unix", "address": str(tmpfs / "socket")}],
        log_level="debug",
    )
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("lease renewed")
        assert processes(mark)
        assert "notification failed" not in injector.output
        assert database.accepts(*(tmpfs / "db").read_text().split())

        injector.wait_for("did not end within 2 s and was killed")
        until(lambda: not processes(mark), "what it started is gone")
        assert zombies_below(injector.popen.pid) == []
        assert injector.end() == 0


def zombies_below(pid: int) -> list[int]:
    found = notify_processes.processes()
    return [p.pid for p in found.values() if p.zombie and pid in ancestry(p.pid, found)]


# --- disks that are full, directories that may not be written, files that are mounts


def one_file(app, proxy, path, **template):
    entry = {"contents": "{{ a.value }}", "destination": str(path), **template}
    return configuration(
        app, proxy.address, secrets={"a": {"path": app.path("a")}}, template=[entry]
    )


async def test_a_full_filesystem_causes_no_requests_and_the_file_is_written_once_there_is_room(lab):
    lab.put("a", value="one")
    small = lab.tmpfs / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=256k", "none", small):
        (small / "other").write_bytes(b"x" * 100_000)
        loaded = lab.load(one_file(lab.app, lab.proxy, small / "a"))
        async with lab.start(loaded) as running:
            lab.put("a", value="v" * 200_000)
            await lab.clock.advance(66)
            assert (small / "a").read_text() == "one"
            assert sorted(os.listdir(small)) == ["a", "other"]
            [failing] = running.assembly.health.failures()
            assert getattr(failing.error, "label", "") == "write"
            assert "No space left on device" in str(failing.error)
            asked = lab.proxy.count("/a")

            await lab.clock.advance(30)
            (small / "other").unlink()
            await lab.clock.advance(20)
            assert (small / "a").read_text() == "v" * 200_000
            assert lab.proxy.count("/a") == asked
            assert os.listdir(small) == ["a"]


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def make_writable(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


async def test_a_directory_that_becomes_read_only_is_named_and_recovers(lab):
    lab.put("a", value="one")
    folder = lab.tmpfs / "folder"
    folder.mkdir()
    with mounted("-t", "tmpfs", "none", folder):
        loaded = lab.load(one_file(lab.app, lab.proxy, folder / "a"))
        async with lab.start(loaded) as running:
            make_read_only(folder)
            lab.put("a", value="two")
            await lab.clock.advance(66)
            [failing] = running.assembly.health.failures()
            assert f"write {folder / 'a'}: Read-only file system (running as uid" in str(
                failing.error
            )
            assert f"{folder} has mode 1777 and belongs to uid 0" in str(failing.error)
            asked = lab.proxy.count("/a")

            make_writable(folder)
            await lab.clock.advance(20)
            assert (folder / "a").read_text() == "two"
            assert lab.proxy.count("/a") == asked
            assert running.assembly.health.settled


async def test_a_removed_directory_is_created_again(lab):
    lab.put("a", value="one")
    folder = lab.tmpfs / "folder"

    async with lab.start(one_file(lab.app, lab.proxy, folder / "a")) as running:
        (folder / "a").unlink()
        folder.rmdir()
        lab.put("a", value="two")
        await lab.clock.advance(66)

        assert (folder / "a").read_text() == "two"
        assert running.assembly.health.settled


def drop_capabilities() -> None:
    """Let the next program have none, whatever its uid."""
    prctl = ctypes.CDLL(None).prctl
    for capability in range(64):
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_directory_of_another_user_is_named_with_what_to_do(app, tmpfs, tmp_path):
    """A whole process without capabilities, as in a hardened container."""
    app.put("a", value="one")
    folder = tmpfs / "folder"
    folder.mkdir()
    settings = one_file(app, app.bao, folder / "a")
    settings["template_config"] = {
        "static_secret_render_interval": "300ms",
        "require_trusted_directory": False,  # as it is, it refuses before the kernel does
    }
    settings["listener"] = [{"type": "unix", "address": str(tmpfs / "socket")}]
    path = write_config(tmp_path, settings)

    with running("run", "-c", path, preexec=drop_capabilities) as injector:
        injector.wait_for("file written")
        os.chown(folder, STRANGER, STRANGER)
        app.put("a", value="two")
        injector.wait_for("file not written")
        assert (
            f"write {folder / 'a'}: Permission denied (running as uid 0; {folder} has mode 0755 "
            f"and belongs to uid {STRANGER}): make {folder} writable for uid 0"
        ) in injector.output

        os.chown(folder, 0, 0)
        injector.wait_for("file written", times=2)
        assert (folder / "a").read_text() == "two"
        assert injector.end() == 0


def test_a_file_that_is_mounted_itself_is_refused_or_written_in_place_with_a_warning(
    app, tmpfs, tmp_path
):
    app.put("a", value="one")
    (tmpfs / "a").touch()
    (tmpfs / "reader").touch()
    with mounted("--bind", tmpfs / "a", tmpfs / "reader"):
        path = write_config(tmp_path, one_file(app, app.bao, tmpfs / "reader"))
        for command in ("check", "once"):
            refused = result(command, "-c", path)
            assert refused.returncode == 2
            assert "mount the directory instead" in refused.stdout + refused.stderr

        path = write_config(tmp_path, one_file(app, app.bao, tmpfs / "reader", in_place=True))
        done = result("once", "-c", path)

        assert done.returncode == 0
        assert "readers may see half a file" in done.stderr
        assert (tmpfs / "a").read_text() == "one"


async def test_between_two_slow_renderings_everything_else_has_its_turn(lab, monkeypatch):
    """Several values that each take long would keep liveness probes waiting for all of them."""
    order = []
    render = JinjaTemplate.render

    def slowly(template, snapshot):
        lab.clock._now += 2.0
        order.append("rendered")
        asyncio.get_running_loop().call_soon(order.append, "others")
        return render(template, snapshot)

    lab.put("a", value="one")
    entries = [
        {"contents": "{{ a.value }}", "destination": str(lab.tmpfs / name)}
        for name in ("x", "y", "z")
    ]
    settings = lab.config(secrets={"a": {"path": lab.path("a")}}, template=entries)
    monkeypatch.setattr(JinjaTemplate, "render", slowly)
    async with lab.start(settings):
        assert lab.read("z") == "one"

    assert order == ["rendered", "others"] * 3
