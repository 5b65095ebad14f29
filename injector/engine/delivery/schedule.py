"""When each output is due. Bookkeeping only: no clock, no I/O."""

from math import inf
from typing import Any

from injector.engine.delivery.output import Output
from injector.engine.delivery.timing import quiet_at

# Replaced content is kept for readers for at least this long, and at most twice as long. Seconds.
OLD_KEPT_FOR = 60.0


class Schedule:
    """Due times by an output's name, on the injected clock."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._since: dict[str, float] = {}  # when a run of changes began, for `wait`
        self._drop_old: dict[str, float] = {}
        self._held: set[str] = set()

    def record_change(self, output: Output[Any], now: float) -> None:
        """Note a change: due at once, or at the end of a run of changes (`wait`)."""
        since = self._since.setdefault(output.name, now)
        # The first one never waits: there is nothing to debounce yet.
        waits = output.wait is not None and output.state.settled
        self._due[output.name] = quiet_at(since, now, output.wait) if waits and output.wait else now

    def plan(self, name: str, at: float) -> None:
        """Note that an output is due then, unless it is due already."""
        self._due.setdefault(name, at)

    def look_after(self, output: Output[Any], now: float) -> None:
        """Plan when to remove what an output keeps for readers, unless that is planned already."""
        if output.destination.has_old:
            self._drop_old.setdefault(output.name, now + OLD_KEPT_FOR)

    def hold(self, name: str) -> None:
        """Keep an output from being due until `release`, even if a secret changes."""
        self._held.add(name)

    def release(self, name: str) -> None:
        self._held.discard(name)

    def is_held(self, name: str) -> bool:
        return name in self._held

    def is_due(self, name: str) -> bool:
        """Return whether an output is due now or later."""
        return name in self._due

    def next_at(self) -> float:
        """Return when something is due next; infinity if nothing is planned."""
        due = (at for name, at in self._due.items() if name not in self._held)
        return min(min(due, default=inf), min(self._drop_old.values(), default=inf))

    def take_due(self, now: float) -> list[str]:
        """Return the outputs that are due, and clear their due times."""
        names = [n for n, at in self._due.items() if at <= now and n not in self._held]
        for name in names:
            del self._due[name]
            self._since.pop(name, None)
        return names

    def take_old_due(self, now: float) -> list[str]:
        """Return the outputs whose kept content is to be removed now, and clear that."""
        names = [name for name, at in self._drop_old.items() if at <= now]
        for name in names:
            del self._drop_old[name]
        return names
