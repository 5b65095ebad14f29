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
SECRETS = 10  # each is read at moments of its own
ROUNDS = (20, 4)  # in each of which every secret is written once
LOOK_EVERY = 0.005  # seconds
GIVE_UP = 10.0  # seconds


def measure(bench: Bench) -> Result:
    """Let both daemons follow the same secrets: each write is seen by both."""
    ours: list[float] = []
    peer: list[float] = []
    with contextlib.ExitStack() as stack:
        jobs = [bench.job(side, SECRETS, interval=INTERVAL) for side in bench.sides]
        for side, job in zip(bench.sides, jobs, strict=True):
            stack.enter_context(running(side.prepare(job), job.log, job.files))
        our_files, peer_files = (job.files for job in jobs)
        for number in range(ROUNDS[bench.quick]):
            time.sleep(random.uniform(1, 2) * INTERVAL)  # at no particular phase of either
            waits = _round(bench, our_files + peer_files, f"changed-{number};")
            ours += (waits[file] for file in our_files)
            peer += (waits[file] for file in peer_files)
    name = f"KV write to file, interval {INTERVAL} s"
    return Result(
        [
            Row(f"{name}: median", "s", median(ours), median(peer), 0.6, ABSOLUTE),
            Row(f"{name}: longest", "s", max(ours), max(peer)),
        ]
    )


def _round(bench: Bench, files: list[Path], password: str) -> dict[Path, float]:
    """Write a new value of every secret; return how long it took into each file."""
    written: dict[str, float] = {}
    for number in range(SECRETS):
        bench.write(number, password)
        written[f"{number}.txt"] = time.monotonic()
    waits: dict[Path, float] = {}
    while len(waits) < len(files):
        for file in files:
            if file not in waits and password in file.read_text():
                waits[file] = time.monotonic() - written[file.name]
        if time.monotonic() - min(written.values()) > GIVE_UP:
            raise CouldNotRunError(f"a new value is not in its file after {GIVE_UP:g} s")
        time.sleep(LOOK_EVERY)
    return waits
