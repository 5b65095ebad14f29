"""What is written and not told, or refused: survives a reload, which restarts everything else."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from injector.clock import Wakeup


@dataclass(slots=True)
class Pending:
    """Changes that one application has to be told of.

    `first` and `last` are when they happened on the injected clock, `written_at` the last one on
    the wall clock, and `answered_at` when Vault gave the oldest of the new values.
    """

    first: float
    last: float
    written_at: float
    answered_at: float
    paths: set[str] = field(default_factory=set)
    urgent: bool = False  # a change was taken back: no time to wait for others

    def followed_by(self, later: "Pending") -> "Pending":
        """Return both as one change."""
        return Pending(
            self.first,
            later.last,
            later.written_at,
            min(self.answered_at, later.answered_at),
            self.paths | later.paths,
            self.urgent or later.urgent,
        )


class Ledger:
    """Pending changes by target, which targets have been told, and which contents were refused."""

    def __init__(self, dirty: Wakeup | None = None) -> None:
        self._dirty = dirty or Wakeup()  # rung whenever there is something to hand over
        self.pending: dict[str, Pending] = {}
        self._telling: dict[str, Pending] = {}  # under way, and perhaps not heard
        self.told_at: dict[str, float] = {}
        self.absent: set[str] = set()  # looked for after the last change, and not running
        self.refused: list[dict[str, str]] = []  # changes: hash of the content, by output

    def add(self, target: str, change: Pending) -> None:
        """Note a change that `target` has to hear of."""
        self._dirty.ring()
        self.absent.discard(target)
        pending = self.pending.get(target)
        self.pending[target] = change if pending is None else pending.followed_by(change)

    def take(self, target: str) -> Pending:
        """Return what is to be told now; what changes from here on is the next notification."""
        taken = self._telling[target] = self.pending.pop(target)
        return taken

    def told(self, target: str, now: float) -> None:
        """Note that what was taken has been heard."""
        del self._telling[target]
        self.told_at[target] = now
        self._dirty.ring()

    def put_back(self, target: str) -> None:
        """Note that the telling failed: it is still to be told, with what came since."""
        self.pending[target] = self.untold()[target]
        del self._telling[target]

    def is_pending(self, target: str) -> bool:
        """Return whether there is something to be told that is not being told already."""
        return target in self.pending

    def overtaken(self, target: str, now: float) -> None:
        """Note that more is to be told before anybody can say whether what was heard is taken."""
        self.put_back(target)
        self.told_at[target] = now

    def untold(self) -> dict[str, Pending]:
        """Return what nobody is known to have heard, by target."""
        untold = dict(self.pending)
        for target, taken in self._telling.items():
            newer = self.pending.get(target)
            untold[target] = taken if newer is None else taken.followed_by(newer)
        return untold

    def keep(self, targets: AbstractSet[str], *, revertible: AbstractSet[str]) -> None:
        """Drop what is known of other targets, and was refused of outputs that nobody reverts."""
        self.pending = _only(self.pending, targets)
        self.told_at = _only(self.told_at, targets)
        self.absent &= targets
        kept = (_only(change, revertible) for change in self.refused)
        self.refused = [change for change in kept if change]

    # -- changes that an application has not taken

    def refuse(self, change: dict[str, str]) -> None:
        """Note the contents of a change, which are not to be tried again by themselves."""
        self.refused.append(change)
        self._dirty.ring()

    def has_refused(self, output: str, content_hash: str) -> bool:
        return any(change.get(output) == content_hash for change in self.refused)

    def forgive(self, output: str) -> set[str]:
        """Forget what was refused of an output, since it has other content now.

        Return all outputs of such a change: another one of them may have been the reason.
        """
        forgiven = [change for change in self.refused if output in change]
        if forgiven:
            self.refused = [change for change in self.refused if output not in change]
            self._dirty.ring()
        return {name for change in forgiven for name in change}


V = TypeVar("V")


def _only(known: Mapping[str, V], staying: AbstractSet[str]) -> dict[str, V]:
    return {name: value for name, value in known.items() if name in staying}
