"""Possible results of a notification, and the protocol of everything that can be notified."""

from enum import StrEnum
from typing import Protocol

from injector.base.errors import HookError


class NotifyResult(StrEnum):
    """The result of a notification. None is a failure: a failure is a HookError."""

    SENT = "sent"
    CURRENT = "current"  # it started after the change, so it has read what is there now
    ABSENT = "absent"  # nothing is running that could be notified


class Overtaken(Exception):
    """There was a newer change during verification: that is notified before judging."""


class Unseen(HookError):
    """Nothing is visible but what runs in our own container.

    The application may be starting. If it goes on, the application can never be found.
    """


class Target(Protocol):
    """One application to notify when its files have changed."""

    async def notify(self, written_at: float) -> NotifyResult:
        """Notify it that its files changed at `written_at`, on the wall clock; raises HookError."""


class NoCommand:
    """Stands in for the supervised command if there is none, as in `once`."""

    async def notify(self, written_at: float) -> NotifyResult:
        del written_at
        return NotifyResult.ABSENT
