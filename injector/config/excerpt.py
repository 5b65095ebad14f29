"""A place in a file, and its line as it may be shown."""

from collections.abc import Sequence
from typing import NamedTuple, Self


class Line(int):
    """The number of a line, and the piece of it that is meant; column 0 is the whole line."""

    column: int
    width: int

    def __new__(cls, number: int, column: int = 0, width: int = 1) -> Self:
        """Return a number that knows its column."""
        line = super().__new__(cls, number)
        line.column, line.width = column, width
        return line


class Excerpt(NamedTuple):
    """A line of a file without its secrets, and which part of it is meant: from 0, in characters.

    `width` is 0 if that is not known.
    """

    text: str
    start: int
    width: int

    @classmethod
    def of(cls, lines: Sequence[str], line: int) -> "Excerpt | None":
        """Return the line's excerpt, if there is such a line."""
        from injector.config.masking import masked  # only when something is wrong

        if not 0 < line <= len(lines):
            return None
        column = line.column if isinstance(line, Line) else 0
        width = line.width if isinstance(line, Line) and column else 0
        return cls(*_cut(*masked(lines, line - 1, max(column - 1, 0), width)))


# Characters of a line that are shown: more is no help on any screen.
_WIDEST = 160
_BEFORE = 40


def _cut(text: str, start: int, width: int) -> tuple[str, int, int]:
    """Keep what surrounds the part that is meant."""
    text = text.rstrip()
    if len(text) > _WIDEST and start > _WIDEST - _BEFORE:
        text, start = "…" + text[start - _BEFORE :], _BEFORE + 1
    if len(text) > _WIDEST:
        text = text[:_WIDEST] + "…"
    start = min(start, len(text))
    return text, start, min(width, max(len(text) - start, 1)) if width else 0
