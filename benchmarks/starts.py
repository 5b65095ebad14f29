"""One-shot, process start to exit, with 1 … 1,000 templates; and what one more secret costs."""

from dataclasses import dataclass, field
from statistics import fmean, median

from benchmarks.bench import Bench
from benchmarks.processes import Run, to_the_end
from benchmarks.report import Result, Row, table
from benchmarks.sides import Side

# Templates → runs of each side; the second number is for --quick.
RUNS = {1: (15, 5), 10: (7, 3), 100: (9, 3), 300: (5, 2), 1_000: (5, 2)}
FITTED = (10, 100, 300, 1_000)
TIME_TARGETS = {1: 2.0, 100: 0.85, 1_000: 0.35}
PEAK_TARGETS = {1_000: 0.5}


@dataclass(slots=True)
class Runs:
    """All runs of one side with one number of templates."""

    runs: list[Run] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        return 1000 * median(run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        return 1000 * median(run.cpu for run in self.runs)

    @property
    def peak(self) -> float:
        return median(run.peak for run in self.runs)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through measurements."""

    slope: float
    start: float
    fit: float  # R²: 1 is a line


def measure(bench: Bench) -> Result:
    found = {
        count: both(bench, bench.ours, count, runs[bench.quick]) for count, runs in RUNS.items()
    }
    result = Result()
    for count, (ours, peer) in found.items():
        result.rows.append(
            Row(
                f"one-shot, {templates(count)}: start to exit",
                "ms",
                ours.milliseconds,
                peer.milliseconds,
                TIME_TARGETS.get(count),
            )
        )
    for count, (ours, peer) in found.items():
        name = f"one-shot, {templates(count)}: peak memory"
        result.rows.append(Row(name, "MB", ours.peak, peer.peak, PEAK_TARGETS.get(count)))
    for count, (ours, peer) in found.items():
        name = f"one-shot, {templates(count)}: processor time"
        result.rows.append(Row(name, "ms", ours.cpu, peer.cpu))
    result.notes.append(_slopes(bench, found))
    return result


def line_through(points: list[tuple[float, float]]) -> Line:
    """Fit by least squares."""
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    start = mean_y - slope * mean_x
    unexplained = sum((y - start - slope * x) ** 2 for x, y in points)
    total = sum((y - mean_y) ** 2 for _, y in points)
    return Line(slope, start, 1 - unexplained / total if total else 1.0)


def both(bench: Bench, ours: Side, count: int, runs: int) -> tuple[Runs, Runs]:
    """Run A B A B …, so that whatever else the machine does hits both; the first pair is warm-up.

    Only for one template: with more, a run is long enough for it not to matter.
    """
    sides = ours, bench.peer
    found = Runs(), Runs()
    if count == 1:
        for side in sides:
            _one(bench, side, count)
    for _ in range(runs):
        for side, its in zip(sides, found, strict=True):
            its.runs.append(_one(bench, side, count))
    return found


def _one(bench: Bench, side: Side, count: int) -> Run:
    job = bench.job(side, count, once=True)
    return to_the_end(side.prepare(job), job.log)


def _slopes(bench: Bench, found: dict[int, tuple[Runs, Runs]]) -> str:
    lines = []
    for index, side in enumerate(bench.sides):
        wall = line_through([(float(n), found[n][index].milliseconds) for n in FITTED])
        peak = line_through([(float(n), found[n][index].peak) for n in FITTED])
        lines.append(
            (
                side.name,
                f"{wall.slope:.2f} ms",
                f"{wall.fit:.3f}",
                f"{1000 * peak.slope:.0f} kB",
                f"{peak.fit:.3f}",
            )
        )
    counts = ", ".join(f"{count:,}" for count in FITTED)
    return f"One more secret, by least squares over {counts} templates:\n\n" + table(
        ("", "time", "R²", "peak memory", "R²"), lines
    )


def templates(count: int) -> str:
    return f"{count:,} template" + ("s" if count > 1 else "")
