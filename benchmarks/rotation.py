"""From a write to KV until the new value is in the file, with an interval of 1 s."""

import contextlib
import random
import time
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench
from benchmarks.errors import CouldNotRunError
from benchmarks.processes import running
from benchmarks.report import ABSOLUTE, Result, Row

INTERVAL = 1
WRITES = (20, 6)
LOOK_EVERY = 0.005  # seconds
GIVE_UP = 10.0  # seconds


def measure(bench: Bench) -> Result:
    """Let both daemons follow the same secret: each write is seen by both."""
    seen: list[list[float]] = []
    with contextlib.ExitStack() as stack:
        files = []
        for side in bench.sides:
            job = bench.job(side, 1, interval=INTERVAL)
            stack.enter_context(running(side.prepare(job), job.log, job.files))
            files.append(job.file(0))
        for number in range(WRITES[bench.quick]):
            time.sleep(random.uniform(1, 2) * INTERVAL)  # at no particular phase of either
            seen.append(_one(bench, files, f"password-{number}"))
    ours, peer = zip(*seen, strict=True)
    name = f"KV write to file, interval {INTERVAL} s"
    return Result(
        [
            Row(f"{name}: median", "s", median(ours), median(peer), 0.6, ABSOLUTE),
            Row(f"{name}: longest", "s", max(ours), max(peer)),
        ]
    )


def _one(bench: Bench, files: list[Path], password: str) -> list[float]:
    """Write a new value; return how long it took into each file."""
    started = time.monotonic()
    bench.write(0, password)
    waits: dict[Path, float] = {}
    while len(waits) < len(files):
        for file in files:
            if file not in waits and password in file.read_text():
                waits[file] = time.monotonic() - started
        if time.monotonic() - started > GIVE_UP:
            raise CouldNotRunError(f"a new value is not in its file after {GIVE_UP:g} s")
        time.sleep(LOOK_EVERY)
    return [waits[file] for file in files]
