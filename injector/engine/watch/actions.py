"""The actions on one secret: fetch, renew, publish. Each is recorded in the store."""

from injector.base.context import Context
from injector.base.errors import MissingError
from injector.engine.store import Generation, Store
from injector.engine.watch.budget import Budget
from injector.engine.watch.reporting import Reporter
from injector.engine.watch.settings import SecretSettings
from injector.secret import (
    FLOOR,
    READ,
    Action,
    Kind,
    Life,
    Ref,
    RotationWindow,
    Step,
    after_renewal,
    next_step,
)
from injector.sources.source import Attempt, Fetched, Source, Token


class Actions:
    """Carries out `secret.Action`. Each returns the next step, and raises what went wrong."""

    def __init__(
        self,
        ref: Ref,
        settings: SecretSettings,
        context: Context,
        reporter: Reporter,
        *,
        store: Store,
        source: Source,
    ) -> None:
        self._ref = ref
        self._settings = settings
        self._context = context
        self._store = store
        self._source = source
        self._reporter = reporter
        self._budget = Budget(ref, settings, store, context.clock)
        self._window = RotationWindow()  # of a static role
        self._attempt = Attempt()  # the last request

    def resume(self) -> Step:
        """Continue from the record: a reload is no reason to ask again."""
        if (waits := self.publication()) is not None:
            return waits
        current = self._store.current(self._ref)
        if current is None:
            return Step(Action.FETCH, self._context.clock.now())
        return self._next(current.life)

    def publication(self) -> Step | None:
        """Return when to publish what is pending: after its delay, or before the old one ends."""
        store = self._store
        if (pending := store.pending(self._ref)) is None:
            return None
        at = pending.added_at
        if (before := store.current(self._ref)) is not None:
            at = min(at + self._settings.publish_delay, before.life.expires_at - FLOOR)
        return Step(Action.PUBLISH, at)

    def has_asked_with(self, token: Token) -> bool:
        """Return whether the last request for this secret was made with this token."""
        asked_with = self._attempt.token
        return asked_with is not None and asked_with.is_same(token)

    # -- publish

    def publish(self) -> Step:
        """Publish the pending generation."""
        generation = self._store.publish(self._ref)
        self._reporter.measure(generation)
        return self._next(generation.life, rotated=True)

    # -- renew

    async def renew(self) -> Step:
        """Renew the current lease; it still dies with the token that created it."""
        context = self._context
        lease = self._store.current(self._ref)
        assert lease is not None
        before = lease.life
        life = await self._source.renew(self._ref, lease.lease_id, before)
        self._reporter.measure(self._store.confirm(self._ref, life))
        context.log.debug("lease renewed", secret=self._settings.name, duration=life.duration)
        return after_renewal(before, life, self._settings.timing, context.jitter())

    # -- fetch

    async def fetch(self, *, on_demand: bool = False) -> Step:
        """Read it, or have it issued: within its budget."""
        self._budget.spend(on_demand=on_demand)
        current = self._store.current(self._ref)
        try:
            found = await self._source.fetch(
                self._ref,
                self._attempt,
                repeatable=current is not None and current.life.kind in READ,
            )
        except BaseException as exc:  # it may be cut off by a reload, before it was sent or after
            self._budget.failed(undone=self._attempt.undone)
            if isinstance(exc, MissingError):
                return self._missing(exc)
            raise
        self._budget.answered(found.life)
        return self._found(found)

    def _found(self, found: Fetched) -> Step:
        answer, life = found.answer, found.life
        store, now = self._store, self._context.clock.now()
        before = store.current(self._ref)
        if before is not None and before.answer is not None and before.answer.is_same(answer):
            self._reporter.measure(store.confirm(self._ref, life))
            return self._next(life)
        self._say_fetched(store.add(self._ref, answer, life, token=found.token, now=now))
        waits = self.publication()
        return waits if waits is not None and waits.at > now else self.publish()

    def _say_fetched(self, added: Generation) -> None:
        assert added.answer is not None
        self._context.log.debug(
            "secret fetched",
            secret=self._settings.name,
            kind=added.answer.kind,
            generation=added.number,
            version=added.answer.version or None,
            rotation=added.rotation_id,
        )

    def _missing(self, error: MissingError) -> Step:
        """Apply `optional` and `on_missing`; raises the error unless the secret is optional."""
        store, now = self._store, self._context.clock.now()
        before = store.current(self._ref)
        if not self._settings.optional:
            # Including those of an earlier process, which had the secret.
            if self._settings.on_missing == "remove" and not store.is_withdrawn(self._ref):
                store.withdraw(self._ref, now)
            raise error
        life = Life(Kind.STATIC, now)
        if before is not None and before.answer is None:
            store.confirm(self._ref, life)
        else:
            store.add(self._ref, None, life, token=None, now=now)
            store.publish(self._ref)
        return self._next(life)

    def _next(self, life: Life, *, rotated: bool = False) -> Step:
        if life.kind is Kind.STATIC_ROLE:
            self._window.follow(life, rotated=rotated)
        timing, jitter = self._settings.timing, self._context.jitter()
        return next_step(life, timing, jitter, rotation=self._window.expected)
