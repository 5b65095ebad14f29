"""What is wrong, and where: a line of the file, a column in it, and the path of a key."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from injector.config.excerpt import Excerpt, Line

# The path of a value: ("template", 0, "perms") is written template[0].perms.
Where = tuple[str | int, ...]

# The words, then what to do. What is in quotes belongs together; an apostrophe is no quote.
_REMEDY = r"""(?s)((?>(?<!\w)(?:'[^']*'|"[^"]*")|`[^`]*`|\([^()]*\)|.)+?); (.+)"""

# `{{` is YAML, too, whether it can be parsed or not.
UNQUOTED = (
    "'{{' outside of quotes begins a map; put the template in quotes, or on lines of its own "
    "below `contents: |`"
)


class Wrong(Exception):
    """One value cannot be used; the message says why and what to write, not where."""


class Problem(NamedTuple):
    """One problem; line 0 means that no line of the file is to blame.

    In `text`, what to do follows the first semicolon.
    """

    line: int
    where: Where
    text: str
    file: str = ""  # where it is not the one that was asked for
    excerpt: Excerpt | None = None

    def __str__(self) -> str:
        """Return it as one line."""
        return ": ".join(part for part in (self.place, dotted(self.where), self.text) if part)

    @property
    def column(self) -> int:
        return self.line.column if isinstance(self.line, Line) else 0

    @property
    def place(self) -> str:
        """Return where it is as editors and compilers write it: file:line:column."""
        numbers = (str(number) for number in (self.line, self.column) if number)
        return ":".join((self.file, *numbers))

    @property
    def words(self) -> str:
        """Return what is wrong, without what to do about it."""
        said, _ = parted(self.text)
        return ": ".join(part for part in (dotted(self.where), said) if part)

    @property
    def remedy(self) -> str:
        return parted(self.text)[1]

    def within(self, file: str, lines: Sequence[str]) -> "Problem":
        """Return it complete with its file, whose lines these are."""
        excerpt = self.excerpt or Excerpt.of(lines, self.line)
        return self._replace(file=self.file or file, excerpt=excerpt)


class Breach(NamedTuple):
    """A rule that is broken: a problem or a warning; `given` are keys that it depends on."""

    where: Where
    text: str
    given: tuple[str, ...] = ()
    warning: bool = False

    def stands(self, broken: set[Where]) -> bool:
        """Return whether everything it depends on was readable."""
        around = (self.where[:end] for end in range(1, len(self.where) + 1))
        rests_on = (*around, *((*self.where, key) for key in self.given))
        return broken.isdisjoint(rests_on)


def parted(text: str) -> tuple[str, str]:
    """Return what is wrong, and what to do about it if the text says so."""
    match = re.fullmatch(_REMEDY, text)
    return (match[1], match[2]) if match else (text, "")


def dotted(where: Where) -> str:
    """Return the path as people write it: `template[0].perms`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return "".join(steps).removeprefix(".")


def nearest(word: str, valid: Sequence[str]) -> str | None:
    """Return the closest valid word, if any is close."""
    from difflib import get_close_matches  # only when something is wrong

    lowered = {name.lower(): name for name in valid}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Suggest the closest known word, for the end of a sentence; empty if none is close."""
    close = nearest(word, known)
    return "" if close is None else f"; did you mean {close!r}?"


def suggest(word: str, valid: Sequence[str]) -> str:
    """Suggest the closest valid word, or list them all."""
    close = nearest(word, valid)
    if close is not None:
        return f"did you mean '{close}'?"
    return f"expected one of: {', '.join(valid)}" if valid else "there is none"
