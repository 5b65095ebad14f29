"""Errors in Go templates, worded as in Go, with possible secret values kept separate."""

from collections.abc import Callable
from typing import Any

# Placeholder in a message for something that may be a secret value, or derived from one. No
# template can spell it: surrogates stand for single bytes there, and these do not.
VALUE = "\ud800\ud800"
_CONCEALED = "…"


class GoError(Exception):
    """An error in a function or the evaluator; the place is not known yet."""

    def __init__(self, words: str, *values: Any) -> None:
        super().__init__(words)
        self.words = words
        self.values = values

    def __str__(self) -> str:
        return self.worded(lambda _: _CONCEALED)

    def worded(self, show: Callable[[Any], str]) -> str:
        """Return Go's message, with `show` applied to what may be a secret value."""
        pieces = self.words.split(VALUE)
        shown = [show(value) for value in self.values]
        return "".join(piece + text for piece, text in zip(pieces, [*shown, ""], strict=True))

    def within(self, prefix: str) -> "GoError":
        """Return the same error with a prefix."""
        return GoError(prefix + self.words, *self.values)


class SyntaxFault(Exception):
    """The source is not a valid template; `why` is Go's message."""

    def __init__(self, name: str, line: int, why: str) -> None:
        super().__init__(f"template: {name}:{line}: {why}")
        self.line = line
        self.why = why


class NoEntryError(GoError):
    """A map does not have the key, where that is an error."""

    def __init__(self, key: str, place: Any, words: str) -> None:
        super().__init__(words)
        self.key = key
        self.place = place  # the map

    def within(self, prefix: str) -> "NoEntryError":
        return NoEntryError(self.key, self.place, prefix + self.words)


class ExecutionFault(Exception):
    """An expression failed during execution; `context` is its source."""

    def __init__(self, position: tuple[int, int], place: str, context: str, why: GoError) -> None:
        super().__init__(str(why))
        self.position = position  # line, and column in bytes, starting at 0
        self.context = context
        self.why = why
        self.whole = why.within(f"{place} at <{context}>: ")
