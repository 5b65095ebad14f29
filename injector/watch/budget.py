"""The issuance budget of a secret: nothing issues credentials without end, whatever goes wrong."""

from injector.clock import Clock
from injector.errors import DeniedError
from injector.secret import Kind, Life, Ref
from injector.store import Store

# The window of `issuance_budget`, seconds.
WINDOW = 600.0


class Budget:
    """Counts what was asked for at the secret's path, in the store's record."""

    def __init__(self, ref: Ref, most: int, store: Store, clock: Clock) -> None:
        self._ref = ref
        self._most = most
        self._store = store
        self._clock = clock

    def spend(self) -> bool:
        """Count a request that will issue something, and tell whether this one will.

        Raises DeniedError when the budget is gone.

        An issuance that is sent and not answered counts too: it may have happened.
        """
        current = self._store.current(self._ref)
        now = self._clock.now()
        issues = self._store.issues(self._ref.path)
        known_to_issue = issues or (current is not None and current.is_lease)
        if self._ref.body is None and not known_to_issue:
            return False
        while issues and issues[0] <= now - WINDOW:
            issues.popleft()
        if len(issues) >= self._most:
            raise DeniedError(
                f"{self._ref} was asked for a credential {len(issues)} times in 10 minutes, "
                "which is its issuance_budget: no more for now, the last one stays in use; find "
                "out what uses them up (short TTLs?) before raising `issuance_budget`"
            )
        issues.append(now)
        return True

    def give_back(self) -> None:
        """Note that Vault has issued nothing for what was spent last."""
        self._store.issues(self._ref.path).pop()

    def count_first(self, life: Life) -> None:
        """Count what only the answer has shown to be an issuance."""
        if life.kind is Kind.LEASE:
            self._store.issues(self._ref.path).append(self._clock.now())
