"""What was measured, beside the peer and the target; as text and as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# A figure that is not a ratio to the peer is held against its target by itself.
ABSOLUTE, RATIO = "absolute", "ratio"
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both sides; `target` is the most that is wanted of `of`."""

    name: str
    unit: str
    ours: float
    peer: float
    target: float | None = None
    of: str = RATIO

    @property
    def ratio(self) -> float:
        return self.ours / self.peer

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return (self.ratio if self.of == RATIO else self.ours) <= self.target


@dataclass(slots=True)
class Result:
    """Of one measurement: rows for the common table, and what else there is to say (Markdown)."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def comparison(rows: Iterable[Row]) -> str:
    """Return the table that the targets are in."""
    header = ("", "ours", "bao agent", "ratio", "target", "met?")
    return table(header, [_cells(row) for row in rows])


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table that is also readable as text: first column left, others right."""
    widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in (header, rule, *lines))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = cells
    padded = [first.ljust(widths[0])]
    padded += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    target = ""
    if row.target is not None:
        unit = TIMES if row.of == RATIO else f" {row.unit}"
        target = f"≤ {row.target:g}{unit}"
    met = {True: "✓", False: "✗", None: ""}[row.met]
    return (
        row.name,
        f"{_figure(row.ours)} {row.unit}",
        f"{_figure(row.peer)} {row.unit}",
        f"{row.ratio:.2f}{TIMES}",
        target,
        met,
    )


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.3g}"
