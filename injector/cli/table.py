"""Lines of text in columns."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def columns(rows: Iterable[Row]) -> list[str]:
    """Return a line for each row; every column is as wide as its widest cell."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
