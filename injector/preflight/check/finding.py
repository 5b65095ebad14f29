"""One result of a check: how bad, about what, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from injector.base.errors import InjectorError
from injector.config.problem import Where


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    NOTE = "note"  # nothing wrong: good to know, or impossible to find out here
    WARNING = "warning"  # works, but should be changed
    PROBLEM = "problem"  # does not work; has an exit code


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. `remedy` is what to do, if `text` does not say so."""

    level: Level
    about: str
    text: str
    remedy: str = ""
    exit_code: int = 0
    where: Where = ()  # the value in the configuration that it is about, if there is one

    def __str__(self) -> str:
        what = f"{self.about}: {self.text}"
        return f"{what}; {self.remedy}" if self.remedy else what

    def at(self, where: Where) -> "Finding":
        """Return it with the place in the configuration that it is about."""
        return replace(self, where=self.where or where)


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def note(about: str, text: str) -> Finding:
    return Finding(Level.NOTE, about, text)


def warning(about: str, text: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, about, text, remedy)


def problem(
    about: str, text: str, remedy: str = "", *, like: type[InjectorError] | InjectorError
) -> Finding:
    """Return a finding with the exit code of this class of errors."""
    return Finding(Level.PROBLEM, about, text, remedy, like.exit_code)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the smallest code of all problems, or 0."""
    return min((f.exit_code for f in findings if f.level is Level.PROBLEM), default=0)
