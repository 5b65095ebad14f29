"""The issuance budget of a secret: whatever goes wrong, it limits new credentials."""

from math import inf

from injector.base.clock import Clock
from injector.base.errors import DeniedError
from injector.engine.store import Store
from injector.engine.watch.settings import SecretSettings
from injector.secret import Kind, Life, Ref

# The window of `issuance_budget`, seconds.
WINDOW = 600.0


class Budget:
    """Counts what was asked for at the secret's path beyond its schedule, in the store's record.

    Replacing a value near its end is no runaway, however short its life: that is free, once for
    each value. Everything else counts: the first one, refreshes, what another token requires, and
    requests without an answer, since they may have issued something. One that certainly issued
    nothing does not.

    Secrets at the same path that differ by their parameters, such as certificates of one role, are
    counted together, and each brings its own budget.

    Only an answer shows whether a plain read issues anything, so until there is one, lost reads
    count as well.
    """

    def __init__(self, ref: Ref, settings: SecretSettings, store: Store, clock: Clock) -> None:
        self._ref = ref
        self._settings = settings
        self._path = ref.place
        self._store = store
        self._clock = clock
        self._spent = False
        self._free = False  # once answered, the request does not count

    def spend(self, *, on_demand: bool) -> None:
        """Count a request that will issue something; raises DeniedError when the budget is gone."""
        now = self._clock.now()
        counted = self._store.issuances.counted(self._path, since=now - WINDOW)
        current, newest = self._store.current(self._ref), self._store.newest(self._ref)
        issuing = self._ref.issues or (current is not None and current.is_lease)
        worn = newest is not None and newest.is_worn(now, self._settings.timing)
        self._spent, self._free = issuing or bool(counted), worn and not on_demand
        if not self._spent:
            return
        most = self._settings.issuance_budget * self._store.count_beside(self._ref)
        if not self._free and len(counted) >= most:
            raise self._is_gone(counted, most, now)
        self._store.issuances.add(self._path, now)

    def answered(self, life: Life) -> None:
        """Count a read whose answer turns out to be issued; forget reads that never issue."""
        if not self._ref.issues and life.kind is not Kind.LEASE:
            self._store.issuances.forget(self._path)
        elif not self._spent:
            self._store.issuances.add(self._path, self._clock.now())
        elif self._free:
            self._store.issuances.undo(self._path)

    def failed(self, *, undone: bool) -> None:
        """Note that a request failed; `undone` if it certainly issued nothing."""
        newest = self._store.newest(self._ref)
        if self._spent and undone:
            self._store.issuances.undo(self._path)
        elif self._spent and self._free and newest is not None:
            newest.successor_lost = True
        elif not self._spent and not undone and newest is None and self._ref.may_issue:
            self._store.issuances.add(self._path, self._clock.now())

    def _is_gone(self, counted: tuple[float, ...], most: int, now: float) -> DeniedError:
        """Say so, and until when: its window moves on, or the value comes near its end."""
        error = DeniedError(
            f"{self._ref} was asked for a credential {len(counted)} times in 10 minutes beyond its "
            "schedule, which is its issuance_budget: no new one for now, the last one stays in "
            "use; find out what uses them up (refreshes, restarts, lost answers?) before raising "
            "`issuance_budget`"
        )
        newest = self._store.newest(self._ref)
        lost = newest is None or newest.successor_lost
        worn_at = inf if newest is None or lost else newest.worn_at(self._settings.timing)
        if worn_at <= now:  # it was asked for on demand
            worn_at = inf
        error.retry_after = min(counted[len(counted) - most] + WINDOW, worn_at) - now
        return error
