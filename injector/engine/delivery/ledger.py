"""Pending notifications and rejected contents, which outlive a reload."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from injector.base.clock import Wakeup


@dataclass(slots=True)
class Pending:
    """Changes that one application has to be notified of.

    `first` and `last` are when they happened on the injected clock, `written_at` the last one on
    the wall clock, and `answered_at` when Vault gave the oldest of the new values.
    """

    first: float
    last: float
    written_at: float
    answered_at: float
    outputs: set[str] = field(default_factory=set)
    urgent: bool = False  # a change was rolled back: do not wait for more changes

    def followed_by(self, later: "Pending") -> "Pending":
        """Return both as one change."""
        return Pending(
            self.first,
            later.last,
            later.written_at,
            min(self.answered_at, later.answered_at),
            self.outputs | later.outputs,
            self.urgent or later.urgent,
        )


class Ledger:
    """Pending changes by target, when targets were notified, and which contents were rejected."""

    def __init__(self, dirty: Wakeup | None = None) -> None:
        self._dirty = dirty or Wakeup()  # rung whenever there is something to hand over
        self.pending: dict[str, Pending] = {}
        self._sending: dict[str, Pending] = {}  # the application is being notified of these
        self.notified_at: dict[str, float] = {}
        self.absent: set[str] = set()  # targets that were not running after the last change
        # For each rejected change, the hash of the content, by output.
        self.rejected: list[dict[str, str]] = []

    def add(self, target: str, change: Pending) -> None:
        """Note a change that `target` has to be notified of."""
        self._dirty.ring()
        self.absent.discard(target)
        pending = self.pending.get(target)
        self.pending[target] = change if pending is None else pending.followed_by(change)

    def take(self, target: str) -> Pending:
        """Return what to notify of now; later changes go into the next notification."""
        taken = self._sending[target] = self.pending.pop(target)
        return taken

    def record_notified(self, target: str, now: float) -> None:
        """Note that the notification succeeded."""
        del self._sending[target]
        self.notified_at[target] = now
        self._dirty.ring()

    def put_back(self, target: str) -> None:
        """Note that the notification failed: it is still pending, with later changes."""
        self.pending[target] = self.unconfirmed()[target]
        del self._sending[target]

    def is_pending(self, target: str) -> bool:
        """Return whether there is something pending beyond a notification in progress."""
        return target in self.pending

    def record_overtaken(self, target: str, now: float) -> None:
        """Note that there are newer changes before it is known whether this one was accepted."""
        self.put_back(target)
        self.notified_at[target] = now

    def unconfirmed(self) -> dict[str, Pending]:
        """Return everything that is not known to have been accepted, by target."""
        unconfirmed = dict(self.pending)
        for target, taken in self._sending.items():
            newer = self.pending.get(target)
            unconfirmed[target] = taken if newer is None else taken.followed_by(newer)
        return unconfirmed

    def keep(self, targets: AbstractSet[str], *, revertible: AbstractSet[str]) -> list[Pending]:
        """Drop all other targets, and the rejected content of outputs that are not reverted.

        Return the changes that the dropped targets have not been notified of.
        """
        left = [change for target, change in self.pending.items() if target not in targets]
        self.pending = _only(self.pending, targets)
        self.notified_at = _only(self.notified_at, targets)
        self.absent &= targets
        kept = (_only(change, revertible) for change in self.rejected)
        self.rejected = [change for change in kept if change]
        return left

    # -- changes that an application has rejected

    def reject(self, change: dict[str, str]) -> None:
        """Note the contents of a rejected change, which must not be retried automatically."""
        self.rejected.append(change)
        self._dirty.ring()

    def was_rejected(self, output: str, content_hash: str) -> bool:
        return any(change.get(output) == content_hash for change in self.rejected)

    def forgive(self, output: str) -> set[str]:
        """Forget the rejected contents of an output, since it has different content now.

        Return all outputs of such changes: another one of them may have been the reason.
        """
        forgiven = [change for change in self.rejected if output in change]
        if forgiven:
            self.rejected = [change for change in self.rejected if output not in change]
            self._dirty.ring()
        return {name for change in forgiven for name in change}


V = TypeVar("V")


def _only(known: Mapping[str, V], staying: AbstractSet[str]) -> dict[str, V]:
    return {name: value for name, value in known.items() if name in staying}
