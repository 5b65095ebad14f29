"""Keys that are defined but whose engine does not exist yet; deleting a row enables its key."""

from collections.abc import Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """One key as `[]` for each item and `*` for each name; `value` None refuses any value."""

    key: str
    value: str | None = None
    remedy: str = ""


UNAVAILABLE: tuple[Row, ...] = ()


def rows_for(key: str, rows: tuple[Row, ...]) -> Iterator[Row]:
    """Return what is refused at this key; a file of a bundle is a template like any other."""
    plain = key.removeprefix("bundle[].") if key.startswith("bundle[].template[]") else key
    return (row for row in rows if row.key == plain)
