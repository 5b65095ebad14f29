"""What a check has found: how bad it is, about what, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from injector.errors import InjectorError


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"  # nothing wrong: to be known, or not to be found out here
    WARNING = "warning"  # works, and should not stay
    PROBLEM = "problem"  # does not work; has an exit code


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` is what to do, where `text` does not say it."""

    level: Level
    about: str
    text: str
    remedy: str = ""
    exit_code: int = 0

    def __str__(self) -> str:
        what = f"{self.level:<7}  {self.about}: {self.text}"
        return f"{what}; {self.remedy}" if self.remedy else what


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def note(about: str, text: str) -> Finding:
    return Finding(Level.NOTE, about, text)


def warning(about: str, text: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, about, text, remedy)


def problem(
    about: str, text: str, remedy: str = "", *, like: type[InjectorError] | InjectorError
) -> Finding:
    """Make a finding that ends with the exit code of this class of errors."""
    return Finding(Level.PROBLEM, about, text, remedy, like.exit_code)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the smallest code of all problems, 0 if there is none."""
    return min((f.exit_code for f in findings if f.level is Level.PROBLEM), default=0)
