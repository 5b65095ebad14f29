"""The share of a core that 1,000 unchanged secrets take, each read again every 10 s."""

import contextlib
import time

from benchmarks.bench import SECRETS, Bench
from benchmarks.processes import cpu_seconds, memory, running
from benchmarks.report import Result, Row

INTERVAL = 10
WINDOW = (3 * INTERVAL, INTERVAL)  # seconds: whole intervals


def measure(bench: Bench) -> Result:
    """Measure both at the same time: they have the same neighbours and the same server."""
    with contextlib.ExitStack() as stack:
        pids = []
        for side in bench.sides:
            job = bench.job(side, SECRETS, interval=INTERVAL)
            daemon = running(side.prepare(job), job.log, job.files)
            pids.append(stack.enter_context(daemon))
        time.sleep(INTERVAL / 2)  # the start is over for both
        started = time.monotonic()
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(WINDOW[bench.quick])
        after = [cpu_seconds(pid) for pid in pids]
        window = time.monotonic() - started
        our_memory, peer_memory = (memory(pid).resident for pid in pids)
    ours, peer = ((b - a) / window for a, b in zip(before, after, strict=True))
    work = f"daemon, {SECRETS:,} secrets every {INTERVAL} s"
    return Result(
        [
            Row(f"{work}: share of a core", "%", 100 * ours, 100 * peer, 0.12),
            Row(f"{work}: resident memory", "MB", our_memory, peer_memory),
        ]
    )
