"""What has been written but not yet told: survives a reload, which restarts everything else."""

from dataclasses import dataclass, field

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


class Ledger:
    """Pending changes by target name, and which targets have been told in this process's life."""

    def __init__(self, dirty: Wakeup | None = None) -> None:
        self._dirty = dirty or Wakeup()  # rung whenever there is something to hand over
        self.pending: dict[str, Pending] = {}
        self._telling: dict[str, Pending] = {}  # under way, and perhaps not heard
        self.told_at: dict[str, float] = {}

    def add(self, target: str, path: str, *, now: float, wall: float, answered_at: float) -> None:
        """Note that `path` was written and `target` has to hear of it."""
        self._dirty.ring()
        pending = self.pending.get(target)
        if pending is None:
            self.pending[target] = Pending(now, now, wall, answered_at, {path})
        else:
            pending.last, pending.written_at = now, wall
            pending.answered_at = min(pending.answered_at, answered_at)
            pending.paths.add(path)

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

    def untold(self) -> dict[str, Pending]:
        """Return what nobody is known to have heard, by target."""
        untold = dict(self.pending)
        for target, taken in self._telling.items():
            newer = self.pending.get(target, taken)
            untold[target] = Pending(
                taken.first,
                newer.last,
                newer.written_at,
                taken.answered_at,
                taken.paths | newer.paths,
            )
        return untold
