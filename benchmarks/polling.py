"""The share of a core that 1,000 unchanged secrets take, each read again every 10 s."""

import contextlib
import time

from benchmarks.bench import SECRETS, Bench
from benchmarks.processes import cpu_seconds, memory, running
from benchmarks.report import Result, Row

INTERVAL = 10
WINDOW = (3 * INTERVAL, INTERVAL)  # seconds: whole intervals


def measure(bench: Bench) -> Result:
    """Measure all at the same time: they have the same neighbors and the same server."""
    sides = bench.ours, bench.instead, bench.peer
    with contextlib.ExitStack() as stack:
        pids = []
        for side in sides:
            job = bench.job(side, SECRETS, interval=INTERVAL)
            daemon = running(side.prepare(job), job.log, job.files)
            pids.append(stack.enter_context(daemon))
        time.sleep(INTERVAL / 2)  # the start is over for all
        started = time.monotonic()
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(WINDOW[bench.quick])
        after = [cpu_seconds(pid) for pid in pids]
        window = time.monotonic() - started
        memories = [memory(pid).resident for pid in pids]
    ours, agent, peer = (100 * (b - a) / window for a, b in zip(before, after, strict=True))
    our_memory, agent_memory, peer_memory = memories
    work = f"daemon, {SECRETS:,} secrets every {INTERVAL} s"
    in_hcl = f"`agent`, {SECRETS:,} secrets every {INTERVAL} s"
    return Result(
        [
            Row(f"{work}: share of a core", "%", ours, peer, 0.12),
            Row(f"{work}: resident memory", "MB", our_memory, peer_memory),
            Row(f"{in_hcl}: share of a core", "%", agent, peer, 0.15),
            Row(f"{in_hcl}: resident memory", "MB", agent_memory, peer_memory),
        ]
    )
