"""The peer's own file, HCL with Go templates, given to `injector agent` and to the peer."""

from benchmarks.bench import Bench
from benchmarks.report import Result, Row
from benchmarks.starts import both, templates

# Templates → runs of each side; the second number is for --quick.
RUNS = {1: (9, 3), 10: (7, 3), 100: (7, 3), 1_000: (5, 2)}
TIME_TARGETS = {1_000: 0.42}


def measure(bench: Bench) -> Result:
    result = Result()
    for count, runs in RUNS.items():
        ours, peer = both(bench, bench.instead, count, runs[bench.quick])
        name = f"`agent`, {templates(count)} in HCL: start to exit"
        result.rows.append(
            Row(name, "ms", ours.milliseconds, peer.milliseconds, TIME_TARGETS.get(count))
        )
    result.rows.append(Row("the last of them: peak memory", "MB", ours.peak, peer.peak))
    return result
