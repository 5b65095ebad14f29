"""What is wrong, and where: a line of the file and the path of a key."""

from collections.abc import Sequence
from typing import NamedTuple

# The path of a value: ("template", 0, "perms") is written template[0].perms.
Where = tuple[str | int, ...]


class Wrong(Exception):
    """One value cannot be used; the message says why and what to write, not where."""


class Problem(NamedTuple):
    """One problem; line 0 means that no line of the file is to blame."""

    line: int
    where: Where
    text: str
    file: str = ""  # where it is not the one that was asked for

    def of(self, file: str) -> str:
        """Return the sentence that a user sees."""
        file = self.file or file
        place = f"{file}:{self.line}" if self.line else file
        return ": ".join(part for part in (place, dotted(self.where), self.text) if part)


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


def suggest(word: str, valid: Sequence[str]) -> str:
    """Suggest the closest valid word, or list them all."""
    close = nearest(word, valid)
    if close is not None:
        return f"did you mean '{close}'?"
    return f"expected one of: {', '.join(valid)}" if valid else "there is none"
