"""Memory of a daemon that has delivered one file and waits, with listener and file watch."""

import time
from statistics import median

from benchmarks.bench import Bench
from benchmarks.processes import Memory, memory, running
from benchmarks.report import Result, Row
from benchmarks.sides import Side

SETTLE = 3.0  # seconds after the file is there
RUNS = (3, 1)


def measure(bench: Bench) -> Result:
    found: dict[str, list[Memory]] = {side.name: [] for side in bench.sides}
    for _ in range(RUNS[bench.quick]):
        for side in bench.sides:
            found[side.name].append(_one(bench, side))
    ours, peer = found[bench.ours.name], found[bench.peer.name]
    return Result(
        [
            Row(
                "idle daemon, 1 template: resident memory",
                "MB",
                median(each.resident for each in ours),
                median(each.resident for each in peer),
                0.75,
            ),
            Row(
                "idle daemon, 1 template: of which anonymous",
                "MB",
                median(each.anonymous for each in ours),
                median(each.anonymous for each in peer),
            ),
        ]
    )


def _one(bench: Bench, side: Side) -> Memory:
    job = bench.job(side, 1)
    with running(side.prepare(job), job.log, job.files) as pid:
        time.sleep(SETTLE)
        return memory(pid)
