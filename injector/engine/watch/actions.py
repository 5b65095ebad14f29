"""The actions on one secret: fetch, renew, publish. Each is recorded in the store."""

from msgspec import structs

from injector.base.context import Context
from injector.base.errors import InjectorError, MissingError
from injector.engine.store import Generation, Store
from injector.engine.watch.budget import Budget
from injector.engine.watch.renewal import renewed_life
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
from injector.sources.vault import Answer, Token, Tokens, Vault
from injector.sources.vault.ref import VaultRef


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
        vault: Vault,
        tokens: Tokens,
    ) -> None:
        self._ref = ref
        self._settings = settings
        self._context = context
        self._store = store
        self._vault = vault
        self._tokens = tokens
        self._reporter = reporter
        self._budget = Budget(ref, settings, store, context.clock)
        self._window = RotationWindow()  # of a static role
        self._asked_with: Token | None = None
        self._undone = True  # the last request certainly issued nothing

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
        return self._asked_with is not None and self._asked_with.is_same(token)

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
        life = await renewed_life(
            lease, vault=self._vault, tokens=self._tokens, clock=context.clock
        )
        self._reporter.measure(self._store.confirm(self._ref, life))
        context.log.debug("lease renewed", secret=self._settings.name, duration=life.duration)
        return after_renewal(before, life, self._settings.timing, context.jitter())

    # -- fetch

    async def fetch(self, *, on_demand: bool = False) -> Step:
        """Read it, or have it issued: within its budget."""
        self._budget.spend(on_demand=on_demand)
        self._undone = True
        try:
            answer, life, token = await self._tokens.use(self._ask)
        except BaseException as exc:  # it may be cut off by a reload, before it was sent or after
            self._budget.failed(undone=self._undone)
            if isinstance(exc, MissingError):
                return self._missing(exc)
            raise
        self._budget.answered(life)
        return self._found(answer, life, token)

    async def _ask(self, token: Token) -> tuple[Answer, Life, Token]:
        self._asked_with = token
        current = self._store.current(self._ref)
        assert isinstance(self._ref, VaultRef)
        try:
            answer, life = await self._vault.fetch(
                self._ref,
                token,
                engine=self._settings.engine,
                repeatable=current is not None and current.life.kind in READ,
                on_sending=self._sending,
            )
        except InjectorError as exc:
            self._undone = exc.undone
            raise
        held = self._tokens.held
        if held is not None and held.is_same(token):  # it may have been renewed meanwhile
            token, life = held, structs.replace(life, token_expires_at=held.expires_at)
        return answer, life, token

    def _sending(self) -> None:
        self._undone = False

    def _found(self, answer: Answer, life: Life, token: Token) -> Step:
        store, now = self._store, self._context.clock.now()
        before = store.current(self._ref)
        if before is not None and before.answer is not None and _same(before.answer, answer):
            self._reporter.measure(store.confirm(self._ref, life))
            return self._next(life)
        self._say_fetched(store.add(self._ref, answer, life, token=token, now=now))
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


def _same(before: Answer, after: Answer) -> bool:
    """Return whether both are the same value to every template."""
    return (
        before.lasting == after.lasting
        and before.envelope.metadata == after.envelope.metadata
        and not after.lease_id
    )
