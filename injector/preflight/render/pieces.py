"""Separates a template's own text from values. Pure functions.

Of an existing file, only text that the template would write too is shown: whoever may see the
template knows it. Everything else may be a value, perhaps an old one, and is masked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

# The texts of a template in order; None stands for a value.
Skeleton = Sequence[str | None]
ALL_VALUE: Skeleton = (None,)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text."""

    text: str = field(repr=False)
    is_value: bool = False


def apart(text: str, skeleton: Skeleton, *, whole: bool = True) -> list[Piece]:
    """Split a text as a whole or, if it does not fit the skeleton, line by line."""
    pieces = fit(text, skeleton) if whole else None
    return list(_by_line(text, skeleton)) if pieces is None else pieces


def fit(text: str, skeleton: Skeleton) -> list[Piece] | None:
    """Return the pieces of a text that fits the skeleton; None if it does not.

    Each text of the skeleton is matched at its first occurrence: if any match exists, this is one.
    """
    pieces: list[Piece] = []
    position, in_value = 0, False
    for index, part in enumerate(skeleton):
        if part is None:
            in_value = True
            continue
        at = position
        if in_value:
            is_last = index == len(skeleton) - 1
            at = len(text) - len(part) if is_last else text.find(part, position)
        if at < position or not text.startswith(part, at):
            return None
        if in_value:
            pieces.append(Piece(text[position:at], is_value=True))
        pieces.append(Piece(part))
        position, in_value = at + len(part), False
    if in_value:
        pieces.append(Piece(text[position:], is_value=True))
        position = len(text)
    return pieces if position == len(text) else None


def _by_line(text: str, skeleton: Skeleton) -> Iterator[Piece]:
    """Match each line with the line of the skeleton that has the most text in common."""
    patterns = sorted(_lines(skeleton), key=_weight, reverse=True)
    patterns = [pattern for pattern in patterns if _weight(pattern)]
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Piece("\n")
        fitting = (found for pattern in patterns if (found := fit(line, pattern)) is not None)
        bare = line.lstrip()
        if bare:
            indent = Piece(line.removesuffix(bare))
            yield from next(fitting, [indent, Piece(bare, is_value=True)])
        elif line:
            yield Piece(line)


def _lines(skeleton: Skeleton) -> Iterator[Skeleton]:
    line: list[str | None] = []
    for part in skeleton:
        first, *rest = [None] if part is None else part.split("\n")
        line.append(first)
        for text in rest:
            yield merged(line)
            line = [text]
    yield merged(line)


def _weight(pattern: Skeleton) -> int:
    """Return how much of a line is the template's own; a line of only values has no weight."""
    return sum(len(part.strip()) for part in pattern if part)


def merged(parts: Iterable[str | None]) -> Skeleton:
    """Join neighbors: two values without text between them cannot be told apart."""
    found: list[str | None] = []
    for part in parts:
        if part == "":
            continue
        before = found[-1] if found else ""
        if found and part is None and before is None:
            continue
        if part is not None and before:
            found[-1] = before + part
        else:
            found.append(part)
    return found
