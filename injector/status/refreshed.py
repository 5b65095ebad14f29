"""The result of a requested refresh, as reported to the caller: never a value."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """What became of one secret."""

    CHANGED = "changed"  # a new value, and every application has it
    UNCHANGED = "unchanged"  # Vault has the value that every application has
    FAILED = "failed"  # not read, not issued, or not delivered
    PENDING = "pending"  # not done in time; it continues


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The result for one secret. `absent` are applications that were not running."""

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
    """Return the status code for scripts; failures take precedence over pending results."""
    results = {answer.result for answer in answers}
    if Result.FAILED in results:
        return FAILED
    return NOT_DONE_YET if Result.PENDING in results else DONE
