"""The issuance budget of a secret: whatever goes wrong, it limits new credentials."""

from injector.clock import Clock
from injector.errors import DeniedError
from injector.secret import Kind, Life, Ref
from injector.store import Store

# The window of `issuance_budget`, seconds.
WINDOW = 600.0


class Budget:
    """Counts what was asked for at the secret's path, in the store's record.

    Secrets at the same path that differ by their parameters, such as certificates of one role, are
    counted together, and each brings its own budget.

    A request without an answer counts, since it may have issued something; one that certainly
    issued nothing does not. Only an answer shows whether a plain read issues anything, so until
    there is one, lost reads count as well.
    """

    def __init__(self, ref: Ref, most: int, store: Store, clock: Clock) -> None:
        self._ref = ref
        self._path = str(ref)  # with its namespace
        self._most = most
        self._store = store
        self._clock = clock
        self._spent = False

    def spend(self) -> None:
        """Count a request that will issue something; raises DeniedError when the budget is gone."""
        now = self._clock.now()
        issues = self._store.issues.count(self._path, since=now - WINDOW)
        current = self._store.current(self._ref)
        issuing = self._ref.body is not None or (current is not None and current.is_lease)
        self._spent = issuing or issues > 0
        if not self._spent:
            return
        if issues >= self._most * self._store.count_beside(self._ref):
            raise DeniedError(
                f"{self._ref} was asked for a credential {issues} times in 10 minutes, "
                "which is its issuance_budget: no new one for now, the last one stays in use; find "
                "out what uses them up (short TTLs, lost answers?) before raising "
                "`issuance_budget`"
            )
        self._store.issues.add(self._path, now)

    def answered(self, life: Life) -> None:
        """Count a read whose answer turns out to be issued; forget reads that never issue."""
        if self._ref.body is None and life.kind is not Kind.LEASE:
            self._store.issues.forget(self._path)
        elif not self._spent:
            self._store.issues.add(self._path, self._clock.now())

    def failed(self, *, undone: bool) -> None:
        """Note that a request failed; `undone` if it certainly issued nothing."""
        unknown = self._store.current(self._ref) is None and self._ref.may_lease
        if self._spent and undone:
            self._store.issues.undo(self._path)
        elif not self._spent and not undone and unknown:
            self._store.issues.add(self._path, self._clock.now())
