"""An interactive shell in a real terminal: what a person types, and what they see."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from injector.targets.notify.processes import processes
from tests.support.processes import LIMIT, clean_environment

PROMPT = "ready> "


@dataclass
class Shell:
    """bash with job control."""

    pid: int
    terminal: int
    seen: str = ""

    def types(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def presses(self, key: int) -> None:
        """Press what the terminal takes for this control character, such as termios.VINTR."""
        os.write(self.terminal, termios.tcgetattr(self.terminal)[6][key])

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def shows(self, pattern: str) -> None:
        """Wait until this is shown, after what was waited for last."""
        self.until(pattern)

    def until(self, pattern: str) -> str:
        """Wait until this is shown; return what was before."""
        deadline = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.seen!r}"
            if select.select([self.terminal], [], [], left)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        before, self.seen = self.seen[: found.start()], self.seen[found.end() :]
        return before

    def runs(self, line: str) -> None:
        self.types(f"{line}\n")
        self.shows(r"\r\n")  # the end of the echo


@contextlib.contextmanager
def shell() -> Iterator[Shell]:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    environ = clean_environment(PS1=PROMPT, TERM="dumb")
    pid, terminal = pty.fork()
    if not pid:
        os.execve(bash, ["bash", "--norc", "--noprofile", "--noediting", "-i"], environ)
    started = Shell(pid, terminal)
    try:
        started.shows(PROMPT)
        yield started
    finally:
        for member in processes():
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(member) == pid:
                    os.kill(member, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
