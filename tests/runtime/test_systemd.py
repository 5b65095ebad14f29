"""A unit of `Type=notify` is active once everything is in place, and says what goes on."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from injector.base.health import Health
from injector.base.metrics import Metrics
from injector.runtime.systemd import LOOK_EVERY, Systemd
from tests.support.engine import configuration
from tests.support.processes import clean_environment, running, write_config

LIMIT = 15.0
DATAGRAMS = socket.AF_UNIX, socket.SOCK_DGRAM


@dataclass
class Supervisor:
    """The end of the socket that systemd has."""

    socket: socket.socket
    path: str

    @property
    def environ(self) -> dict[str, str]:
        return clean_environment(NOTIFY_SOCKET=self.path)

    def hears(self) -> str:
        return self.socket.recv(4096).decode()

    def has_heard(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(4096, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(LIMIT)
        return True


@contextlib.contextmanager
def listening(path: str) -> Iterator[Supervisor]:
    with socket.socket(*DATAGRAMS) as ours:
        ours.bind(path.replace("@", "\0"))
        ours.settimeout(LIMIT)
        yield Supervisor(ours, path)


@pytest.fixture(params=["a path", "a name that is in no directory"])
def systemd(request, tmp_path) -> Iterator[Supervisor]:
    path = f"{tmp_path}/notify" if request.param == "a path" else f"@{tmp_path}"
    with listening(path) as found:
        yield found


def configured(app, tmpfs, tmp_path):
    config = configuration(
        app,
        app.bao.address,
        secrets={"late": {"path": app.path("late")}},
        template=[{"contents": "{{ late.value }}", "destination": str(tmpfs / "file")}],
        listener=[{"type": "unix", "address": str(tmp_path / "socket")}],
    )
    return write_config(tmp_path, config)


def test_it_is_ready_when_everything_is_in_place_and_says_that_it_stops(
    app, tmpfs, tmp_path, systemd
):
    path = configured(app, tmpfs, tmp_path)

    with running("run", "-c", path, environ=systemd.environ) as process:
        process.wait_for("secret failed")
        assert not systemd.has_heard()
        app.put("late", value="one")
        assert systemd.hears() == "READY=1"
        assert (tmpfs / "file").read_text() == "one"

        assert process.end() == 0
        assert systemd.hears() == "STOPPING=1"


def test_a_reload_is_announced_and_over_when_everything_is_in_place_again(app, tmpfs, tmp_path):
    app.put("late", value="one")
    path = configured(app, tmpfs, tmp_path)

    with (
        listening(f"{tmp_path}/notify") as systemd,
        running("run", "-c", path, environ=systemd.environ) as process,
    ):
        assert systemd.hears() == "READY=1"
        process.send(signal.SIGHUP)

        begins, clock = systemd.hears().split("\n")
        assert (begins, clock.partition("=")[0]) == ("RELOADING=1", "MONOTONIC_USEC")
        assert systemd.hears() == "READY=1"

        path.write_text("no: configuration")
        process.send(signal.SIGHUP)
        assert systemd.hears().startswith("RELOADING=1\n")
        assert systemd.hears() == "READY=1"  # with the old one


async def test_a_supervisor_that_is_too_busy_is_told_later(clock, tmp_path):
    with listening(f"{tmp_path}/notify") as systemd:
        with contextlib.suppress(BlockingIOError), socket.socket(*DATAGRAMS) as others:
            others.setblocking(False)
            while True:
                others.sendto(b"STATUS=busy", systemd.path)
        told = Systemd(systemd.path, Health(clock, Metrics()), clock, waits_for=list)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(told.run())
            await clock.settled()
            while systemd.has_heard():
                assert systemd.hears() == "STATUS=busy"

            await clock.advance(LOOK_EVERY)

            assert systemd.hears() == "READY=1"
            running.cancel()


def test_a_missing_supervisor_does_not_stop_the_work(app, tmpfs, tmp_path):
    app.put("late", value="one")
    environ = clean_environment(NOTIFY_SOCKET=f"{tmp_path}/nobody")

    with running("run", "-c", configured(app, tmpfs, tmp_path), environ=environ) as process:
        process.wait_for("file written")
        assert process.end() == 0
