"""What telling an application can come to, and the shape of everything that can be told."""

from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """None of these is a failure: a failure is a HookError."""

    SENT = "sent"
    CURRENT = "current"  # it started after the change, so it has read what is there now
    ABSENT = "absent"  # nothing is running that could be told


class Overtaken(Exception):
    """More has changed while it was asked: that is told before anything is judged."""


class Target(Protocol):
    """One application that wants to know when its files have changed."""

    async def tell(self, written_at: float) -> Outcome:
        """Tell it that its files changed at `written_at`, on the wall clock; raises HookError."""


class Nobody:
    """Stands in for the supervised command where there is none, as in `once`."""

    async def tell(self, written_at: float) -> Outcome:
        del written_at
        return Outcome.ABSENT
