"""Tells what of a text is the template's own and what is a value. Pure text.

What is shown of a file that is there is only what the template would put there as well: whoever may
see the template knows it. Everything else may be a value, perhaps an old one, and is masked.
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
    """Take a text apart as a whole or, where it is not made after this skeleton, line by line."""
    pieces = fit(text, skeleton) if whole else None
    return list(_by_line(text, skeleton)) if pieces is None else pieces


def fit(text: str, skeleton: Skeleton) -> list[Piece] | None:
    """Return the pieces of a text that is made after the skeleton; None if it is not.

    Each text of the skeleton is taken where it comes first: if there is any way, this is one.
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
    """Show of each line what one of the skeleton's lines has as well, as much as possible."""
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
    """Return how much of a line is the template's own; a line of values alone says nothing."""
    return sum(len(part.strip()) for part in pattern if part)


def merged(parts: Iterable[str | None]) -> Skeleton:
    """Join neighbours: two values without a text between them cannot be told apart."""
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
