"""Keeps one secret right. Its knowledge is in the store; only its failures are its own."""

import asyncio
from dataclasses import replace

from injector.clock import Wakeup
from injector.errors import DeniedError, InjectorError, MissingError, TransientError
from injector.secret import (
    FLOOR,
    READ,
    Act,
    Kind,
    Life,
    Ref,
    Step,
    after_failed_renewal,
    after_failure,
    after_renewal,
    next_step,
)
from injector.store import Generation
from injector.vault import Answer, Token
from injector.watch.budget import Budget
from injector.watch.entry import Entry
from injector.watch.parts import Parts
from injector.watch.renewal import renewed_life
from injector.watch.rotation import Rotations
from injector.watch.telling import Telling

# What becomes of a refresh that somebody asked for: None if Vault answered, or why not. What is new
# is in the store.
Demand = asyncio.Future[InjectorError | None]


class Watcher:
    """The state machine of one secret."""

    def __init__(self, ref: Ref, entry: Entry, parts: Parts) -> None:
        self.ref = ref
        self.entry = entry
        self._parts = parts
        self._budget = Budget(ref, entry.issuance_budget, parts.store, parts.clock)
        self._telling = Telling(entry.name, parts)
        self._rotations = Rotations()  # of a static role
        self._asked_with: Token | None = None
        self._denied = False
        self._undone = True  # the last request has issued nothing for sure
        self._demand: Demand | None = None
        self._seen_then = 0  # the generation when it was asked for
        self.due = Wakeup()
        self.step = self._resume()  # what is to be done next

    async def run(self) -> None:
        """Refresh for ever. Runs until cancelled."""
        clock = self._parts.clock
        self._telling.measure_what_is_kept(self._parts.store.current(self.ref))
        self.follow_token()
        try:
            while True:
                rung = await clock.sleep(self.step.at - clock.now(), self.due)
                if self._demand is not None:
                    self.step = await self._meet(self._demand)
                elif rung:
                    self.step = self._rung(self.step)
                else:
                    self.step = await self.refresh(self.step.act)
        finally:
            if self._demand is not None:
                self._demand.cancel()

    def demand(self) -> Demand:
        """Read it again, or have it issued anew, now; who asks before that is begun shares it."""
        if self._demand is None:
            self._demand = asyncio.get_running_loop().create_future()
            self._seen_then = self._newest
            self.due.ring()
        return self._demand

    async def refresh(self, act: Act) -> Step:
        """Do what is due; return what is next. A failure is state, not an exception."""
        parts = self._parts
        if act is Act.PUBLISH:
            step = self._publish()
            self.follow_token()
            # What failed while this one waited is still to be done.
            return Step(Act.FETCH, parts.clock.now()) if self._telling.failures else step
        if parts.availability.down and (pending := parts.store.pending(self.ref)) is not None:
            return Step(Act.PUBLISH, self._publish_at(pending))  # nobody is needed for that
        await parts.availability.wait()
        if act is Act.RENEW and self._has_ended():  # as after an outage: Vault need not be asked
            act = Act.FETCH
        try:
            step = await (self._renew() if act is Act.RENEW else self._fetch())
        except InjectorError as exc:
            return self._failed(exc, act)
        self._succeeded()
        self.follow_token()  # it may have been replaced while the request was under way
        return step

    async def _meet(self, demand: Demand) -> Step:
        """Fetch because somebody asks. A failure is theirs to hear: what is in use stays right."""
        self._demand = None  # who asks from here on may know of a newer value
        step, error = self.step, None
        try:
            if not self._has_met():
                step = await self._fetch_at_once()
        except InjectorError as exc:
            step, error = self._not_met(exc), exc
        except BaseException:
            demand.cancel()
            raise
        demand.set_result(error)
        self.follow_token()  # its ring may have been the one that was answered
        return step

    def _has_met(self) -> bool:
        """Tell whether what has come since the demand is as good as another one."""
        waits = self._parts.store.pending(self.ref) is not None  # for its `publish_delay`
        return waits or (not self._is_read and self._newest > self._seen_then)

    async def _fetch_at_once(self) -> Step:
        if self._parts.availability.down:
            raise TransientError(f"{self.ref}: Vault is unreachable, and was not asked; ask later")
        step = await self._fetch()
        self._succeeded()
        return step

    def _not_met(self, error: InjectorError) -> Step:
        self._telling.refresh_failed(error)
        if self._is_read and isinstance(error, TransientError):
            at = min(self.step.at, self._parts.clock.now())
            return replace(self.step, at=at)  # still to be read
        return self.step

    @property
    def _is_read(self) -> bool:
        current = self._parts.store.current(self.ref)
        return current is None or current.life.kind in READ

    @property
    def _newest(self) -> int:
        newest = self._parts.store.newest(self.ref)
        return 0 if newest is None else newest.number

    def _has_ended(self) -> bool:
        current = self._parts.store.current(self.ref)
        return current is not None and current.has_ended(self._parts.clock.now())

    def follow_token(self) -> None:
        """Another token is current: a lease of the old one is issued anew before it dies."""
        if self._dies_with_another_token() or self._denied_to_another_token():
            self.due.ring()
        elif (lease := self._parts.store.current(self.ref)) is not None and lease.is_lease:
            self._telling.measure_expiry(lease)

    def _rung(self, step: Step) -> Step:
        """Return what is next after another token came, which may have been used already."""
        if self._dies_with_another_token() or self._denied_to_another_token():
            return Step(Act.FETCH, self._parts.clock.now())
        return step

    def _dies_with_another_token(self) -> bool:
        """Tell whether another token could give a lease that lives on, and was not asked with."""
        lease = self._parts.store.pending(self.ref) or self._parts.store.current(self.ref)
        if lease is None or not lease.is_lease or lease.token is None:
            return False
        held = self._parts.tokens.held
        return self._not_asked_with(held) and held is not None and not lease.token.is_same(held)

    def _denied_to_another_token(self) -> bool:
        """Tell whether a policy refused this secret to a token that has been replaced since."""
        return self._denied and self._not_asked_with(self._parts.tokens.held)

    def _not_asked_with(self, held: Token | None) -> bool:
        if held is None:
            return False
        return self._asked_with is None or not self._asked_with.is_same(held)

    def _resume(self) -> Step:
        """Go on where the store's record stands: a reload is not a reason to ask again."""
        store, now = self._parts.store, self._parts.clock.now()
        if (pending := store.pending(self.ref)) is not None:
            return Step(Act.PUBLISH, self._publish_at(pending))
        current = store.current(self.ref)
        return Step(Act.FETCH, now) if current is None else self._next(current.life)

    # -- the acts

    async def _fetch(self) -> Step:
        parts = self._parts
        self._budget.spend()
        try:
            answer, life, token = await parts.tokens.use(self._ask)
        except InjectorError as exc:
            self._budget.failed(undone=self._undone)
            if isinstance(exc, MissingError):
                return self._missing(exc)
            raise
        self._budget.answered(life)
        before = parts.store.current(self.ref)
        if before is not None and before.answer is not None and _same(before.answer, answer):
            self._telling.measure(parts.store.confirm(self.ref, life))
            return self._next(life)
        added = parts.store.add(self.ref, answer, life, token=token, now=parts.clock.now())
        parts.log.debug(
            "secret fetched",
            secret=self.entry.name,
            kind=answer.kind,
            generation=added.number,
            version=answer.version or None,
        )
        at = self._publish_at(added)
        return Step(Act.PUBLISH, at) if at > parts.clock.now() else self._publish()

    async def _ask(self, token: Token) -> tuple[Answer, Life, Token]:
        self._asked_with, self._undone = token, False
        current = self._parts.store.current(self.ref)
        try:
            answer, life = await self._parts.vault.fetch(
                self.ref,
                token,
                engine=self.entry.engine,
                repeatable=current is not None and current.life.kind in READ,
            )
        except InjectorError as exc:
            self._undone = exc.undone
            raise
        held = self._parts.tokens.held
        if held is not None and held.is_same(token):  # it may have been renewed meanwhile
            token, life = held, replace(life, token_expires_at=held.expires_at)
        return answer, life, token

    def _publish_at(self, pending: Generation) -> float:
        """Return when to use a new value: after its delay, if an older one works as long."""
        before = self._parts.store.current(self.ref)
        if before is None:
            return pending.added_at
        return min(pending.added_at + self.entry.publish_delay, before.life.expires_at - FLOOR)

    def _publish(self) -> Step:
        generation = self._parts.store.publish(self.ref)
        self._telling.measure(generation)
        return self._next(generation.life, rotated=True)

    async def _renew(self) -> Step:
        """Renew the current lease; it goes on to die with the token that made it."""
        parts = self._parts
        lease = parts.store.current(self.ref)
        assert lease is not None
        before = lease.life
        life = await renewed_life(lease, vault=parts.vault, tokens=parts.tokens, clock=parts.clock)
        self._telling.measure(parts.store.confirm(self.ref, life))
        parts.log.debug("lease renewed", secret=self.entry.name, duration=life.duration)
        return after_renewal(before, life, self.entry.timing, parts.draw())

    def _missing(self, error: MissingError) -> Step:
        """Follow `optional` and `on_missing`; raises the error where it is one."""
        parts = self._parts
        if not self.entry.optional:
            if self.entry.on_missing == "remove" and parts.store.current(self.ref) is not None:
                parts.store.withdraw(self.ref, parts.clock.now())
            raise error
        life = Life(Kind.STATIC, parts.clock.now())
        before = parts.store.current(self.ref)
        if before is not None and before.answer is None:
            parts.store.confirm(self.ref, life)
        else:
            parts.store.add(self.ref, None, life, token=None, now=parts.clock.now())
            parts.store.publish(self.ref)
        return self._next(life)

    def _next(self, life: Life, *, rotated: bool = False) -> Step:
        if life.kind is Kind.STATIC_ROLE:
            self._rotations.follow(life, rotated=rotated)
        timing, draw = self.entry.timing, self._parts.draw()
        return next_step(life, timing, draw, rotation=self._rotations.expected)

    # -- what becomes of them

    def _succeeded(self) -> None:
        self._denied = False
        self._telling.succeeded()

    def _failed(self, error: InjectorError, act: Act) -> Step:
        parts = self._parts
        if act is Act.RENEW and not isinstance(error, TransientError):
            self._telling.not_renewed(error)
            return Step(Act.FETCH, parts.clock.now())
        self._denied = isinstance(error, DeniedError)
        self._telling.failing(error)
        step = self._after_failure(error, act)
        if (pending := parts.store.pending(self.ref)) is not None:
            step = min(step, Step(Act.PUBLISH, self._publish_at(pending)), key=lambda s: s.at)
        self._telling.failed(error, step)
        return step

    def _after_failure(self, error: InjectorError, act: Act) -> Step:
        parts, now = self._parts, self._parts.clock.now()
        failures, lease = self._telling.failures, parts.store.current(self.ref)
        if act is Act.RENEW and lease is not None:
            return after_failed_renewal(error, failures, lease.life, now, parts.draw())
        at = after_failure(error, failures, now=now, timing=self.entry.timing, draw=parts.draw())
        return Step(Act.FETCH, at)


def _same(before: Answer, after: Answer) -> bool:
    """Tell whether it is the same value, to every template that could show it."""
    return (
        before.lasting == after.lasting
        and before.envelope.metadata == after.envelope.metadata
        and not after.lease_id
    )
