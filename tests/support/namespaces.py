"""Programs as PID 1 of a PID namespace of their own, as the first process of a container is."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from injector.targets.notify.processes import Process, ancestry, processes
from tests.support.processes import LIMIT, clean_environment

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


@functools.cache
def unshare() -> tuple[str, ...]:
    """Return the command that makes such a namespace; skip the test where none is allowed."""
    problem = "unshare is not installed"
    for command in (UNSHARE, (*UNSHARE, "--user", "--map-root-user")):
        with contextlib.suppress(FileNotFoundError):
            tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
            if tried.returncode == 0:
                return command
            problem = tried.stderr.strip()
    pytest.skip(f"a PID namespace cannot be made here: {problem}")


@dataclass
class Namespace:
    """The namespace's processes as they are seen from outside."""

    popen: "subprocess.Popen[str]"

    @property
    def init(self) -> int:
        """Its PID 1."""
        return init_of(self.popen.pid)

    def processes(self) -> list[Process]:
        seen, init = processes(), self.init
        return [found for found in seen.values() if init in ancestry(found.pid, seen)]

    def send(self, number: signal.Signals) -> None:
        os.kill(self.init, number)

    def line(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().rstrip("\n")

    def end(self, number: signal.Signals) -> int:
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        return self.popen.wait(timeout=LIMIT)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for what happens among processes, which nobody tells us of."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, self.processes()
            time.sleep(0.01)


def init_of(unshare: int) -> int:
    """Return the PID 1 that `unshare` has made, by its number outside."""
    return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text())


@contextlib.contextmanager
def namespace(*args: str, environ: dict[str, str] | None = None) -> Iterator[Namespace]:
    """Run Python with these arguments as PID 1."""
    popen = subprocess.Popen(
        [*unshare(), sys.executable, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environ or clean_environment(),
        start_new_session=True,
    )
    try:
        yield Namespace(popen)
    finally:
        popen.kill()
        popen.communicate()
