"""Lines of text in columns, and times as people read them."""

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


def span(seconds: float) -> str:
    """Return a duration in its two largest units."""
    if seconds < 0:
        return "0s"
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count or (parts and len(parts) == 1) or name == "s":
            parts.append(f"{int(count)}{name}")
    return (
        "".join([part for part in parts if not part.startswith("0") or len(parts) == 1][:2]) or "0s"
    )
