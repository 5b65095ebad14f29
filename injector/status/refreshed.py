"""What became of a refresh that somebody asked for, as they are told: never a value."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """Of one secret."""

    CHANGED = "changed"  # a new value, and everybody has it
    UNCHANGED = "unchanged"  # Vault has the value that everybody has
    FAILED = "failed"  # not read, not issued, or not delivered
    PENDING = "pending"  # not done in the time that was given; it goes on


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The answer for one secret. `absent` are applications that did not run, so heard nothing."""

    secret: str
    result: Result
    generation: int | None = None
    version: str | None = None
    files: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    reason: str | None = None
    error_class: str | None = None


def as_json(answers: Iterable[Refreshed]) -> dict[str, Any]:
    secrets = [asdict(answer) for answer in answers]
    return {"done": http_status(answers) == DONE, "secrets": secrets}


DONE, NOT_DONE_YET, FAILED = 200, 202, 502


def http_status(answers: Iterable[Refreshed]) -> int:
    """Return what scripts go by; a failure is told before what is not done yet."""
    results = {answer.result for answer in answers}
    if Result.FAILED in results:
        return FAILED
    return NOT_DONE_YET if Result.PENDING in results else DONE
