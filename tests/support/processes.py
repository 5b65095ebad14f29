"""Real `injector` processes: started, waited for by what they say, always ended."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

LIMIT = 15.0


@dataclass
class Process:
    """A running injector and what it has logged so far."""

    popen: "subprocess.Popen[bytes]"
    output: str = ""
    socket: Path = field(default_factory=Path)

    def wait_for(self, text: str, *, times: int = 1, limit: float = LIMIT) -> str:
        """Read its log until `text` has occurred; fail with the log if it does not."""
        assert self.popen.stderr is not None
        deadline = time.monotonic() + limit
        while self.output.count(text) < times:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {text!r} within {limit:g} s in:\n{self.output}")
            if select.select([self.popen.stderr], [], [], left)[0]:
                chunk = os.read(self.popen.stderr.fileno(), 65536)
                if not chunk:
                    raise AssertionError(f"ended without {text!r}:\n{self.output}")
                self.output += chunk.decode()
        return self.output

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, *, limit: float = LIMIT) -> int:
        """Ask it to stop; return its exit code, and keep the rest of its output."""
        self.send(number)
        return self.wait(limit=limit)

    def wait(self, *, limit: float = LIMIT) -> int:
        out, err = self.popen.communicate(timeout=limit)
        self.output += err.decode()
        del out
        return self.popen.returncode


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "injector", *map(str, args)]


def clean_environment(**more: str) -> dict[str, str]:
    """Return ours without what steers Vault, or Python: hundreds start, and may keep bytecode."""
    strange = ("VAULT_", "BAO_", "PYTHON")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(strange)}
    return {**kept, **more}


@contextlib.contextmanager
def running(
    *args: str | Path,
    environ: dict[str, str] | None = None,
    preexec: Callable[[], None] | None = None,
) -> Iterator[Process]:
    popen = subprocess.Popen(
        command(*args),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environ or clean_environment(),
        preexec_fn=preexec,
    )
    try:
        yield Process(popen)
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.communicate()
        for stream in (popen.stdout, popen.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def processes(*marks: str) -> dict[int, str]:
    """Return every process that has one of these in its command line or environment.

    An injector shows its environment to root only.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                text = line = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
                with contextlib.suppress(PermissionError):
                    text += (entry / "environ").read_text(errors="replace")
                if any(mark in text for mark in marks):
                    found[int(entry.name)] = line
    return found


def until(true: Callable[[], object], what: str, *, limit: float = 20.0) -> None:
    """Wait for what another process does by itself."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


def write_config(folder: Path, config: dict, name: str = "config.yaml") -> Path:
    """Write a configuration by rename, as an editor or kubelet does."""
    path = folder / name
    staged = folder / f".{name}.new"
    staged.write_text(yaml.safe_dump(config))
    staged.replace(path)
    return path


def result(
    *args: str | Path,
    environ: dict[str, str] | None = None,
    limit: float = LIMIT,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        command(*args),
        capture_output=True,
        text=True,
        timeout=limit,
        env=environ or clean_environment(),
        check=False,
    )
