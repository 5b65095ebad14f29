"""Runs a side as a whole process and reads from the kernel what it takes."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import CouldNotRunError

LAUNCHER = Path(__file__).with_name("launcher.py")
KIB_PER_MB = 1_000_000 / 1024
TICKS = os.sysconf("SC_CLK_TCK")
FILES_WITHIN = 60.0  # seconds a daemon may take until its first files are there


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to exit. Memory in MB (10^6 bytes)."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a running process, in MB: all resident pages, and those that no file stands behind."""

    resident: float
    anonymous: float


def to_the_end(argv: list[str], log: Path) -> Run:
    """Run a program; raises CouldNotRunError with its log unless it exits with 0."""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(log), *argv]
    answer = subprocess.run(
        launcher, env=environment(log), stdout=subprocess.PIPE, timeout=300, check=True
    )
    found = json.loads(answer.stdout)
    if found["code"]:
        raise CouldNotRunError(f"{argv[0]} exits with {found['code']}:\n{tail(log)}")
    return Run(found["seconds"], found["cpu"], found["peak_kib"] / KIB_PER_MB)


@contextlib.contextmanager
def running(argv: list[str], log: Path, files: list[Path]) -> Iterator[int]:
    """Run a daemon, yield its process id once `files` are there, stop it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, env=environment(log), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        ends_at = time.monotonic() + FILES_WITHIN
        missing = list(files)
        while missing := [path for path in missing if not path.exists()]:
            if process.poll() is not None or time.monotonic() > ends_at:
                raise CouldNotRunError(f"{argv[0]} does not write its files:\n{tail(log)}")
            time.sleep(0.02)
        yield process.pid
        if process.poll() is not None:
            raise CouldNotRunError(f"{argv[0]} ended by itself:\n{tail(log)}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def environment(log: Path) -> dict[str, str]:
    """Return the same little for both sides: nothing of VAULT_*, BAO_*, PYTHON* or proxies."""
    return {"PATH": os.environ["PATH"], "HOME": str(log.parent), "LANG": "C.UTF-8"}


def memory(pid: int) -> Memory:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return Memory(_mb("VmRSS", status), _mb("RssAnon", status))


def cpu_seconds(pid: int) -> float:
    """Return the processor time a running process has used, user and system."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _mb(key: str, text: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise CouldNotRunError(f"the kernel does not tell {key}")
    return int(found[1]) / KIB_PER_MB
