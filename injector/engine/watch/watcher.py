"""Keeps one secret up to date: when to act, and what follows from a failure.

What it knows is in the store; only its failures are its own.
"""

import asyncio

from msgspec import structs

from injector.base.clock import Wakeup
from injector.base.context import Context
from injector.base.errors import DeniedError, InjectorError, TransientError, nothing_unforeseen
from injector.engine.store import Store
from injector.engine.watch.actions import Actions
from injector.engine.watch.reporting import Reporter
from injector.engine.watch.settings import SecretSettings
from injector.secret import READ, Action, Ref, Step, after_failed_renewal, after_failure
from injector.sources.source import Source

# The result of a requested refresh: None if its source answered, otherwise why not. A new value is
# in the store.
Demand = asyncio.Future[InjectorError | None]


class Watcher:
    """The state machine of one secret."""

    def __init__(
        self,
        ref: Ref,
        settings: SecretSettings,
        context: Context,
        *,
        store: Store,
        source: Source,
    ) -> None:
        self.ref = ref
        self.settings = settings
        self._context = context
        self._store = store
        self._source = source
        self._reporter = Reporter(settings.name, context, source.availability)
        self._actions = Actions(ref, settings, context, self._reporter, store=store, source=source)
        self._denied = False
        self._demand: Demand | None = None
        self._seen_then = 0  # the generation when it was asked for
        self._demanded_at = 0.0
        self.due = Wakeup()
        self.step = self._actions.resume()  # what is to be done next

    async def run(self) -> None:
        """Keep the secret up to date. Runs until cancelled."""
        clock = self._context.clock
        self._reporter.measure_what_is_kept(self._store.current(self.ref))
        self.follow_token()
        try:
            while True:
                rung = await clock.sleep(self.step.at - clock.now(), self.due)
                if self._demand is not None:
                    self.step = await self._meet(self._demand)
                elif not rung:
                    self.step = await self.refresh(self.step.action)
                elif self._another_token_helps():  # unless it has been used meanwhile
                    self.step = Step(Action.FETCH, clock.now())
        finally:
            if self._demand is not None:
                self._demand.cancel()

    async def refresh(self, action: Action) -> Step:
        """Do what is due; return the next step. A failure is state, not an exception."""
        context = self._context
        if action is Action.PUBLISH:
            waits = self._actions.publication()
            if waits is not None and waits.at > context.clock.now():  # the old one was renewed
                return waits
            step = self._actions.publish()
            self.follow_token()
            # A request that failed while this one was pending is still due.
            return Step(Action.FETCH, context.clock.now()) if self._reporter.failures else step
        if self._source.availability.down and (waits := self._actions.publication()) is not None:
            return waits  # that needs no server
        await self._source.availability.wait()
        if action is Action.RENEW and self._has_ended():  # as after an outage: nothing to renew
            action = Action.FETCH
        try:
            with nothing_unforeseen():
                step = await (
                    self._actions.renew() if action is Action.RENEW else self._actions.fetch()
                )
        except InjectorError as exc:
            return self._failed(exc, action)
        self._succeeded()
        self.follow_token()  # it may have been replaced while the request was in flight
        return step

    def _has_ended(self) -> bool:
        current = self._store.current(self.ref)
        return current is not None and current.has_ended(self._context.clock.now())

    # -- another token

    def follow_token(self) -> None:
        """If there is another token, reissue a lease of the old one before it dies."""
        if self._another_token_helps():
            self.due.ring()
        elif (lease := self._store.current(self.ref)) is not None and lease.is_lease:
            self._reporter.measure_expiry(lease)

    def _another_token_helps(self) -> bool:
        """Return whether the current token has not been tried yet and may help.

        It can get a lease that lives on, or may be allowed what the last token was denied.
        """
        held = self._source.token
        if held is None or self._actions.has_asked_with(held):
            return False
        newest = self._store.newest(self.ref)
        return self._denied or (newest is not None and newest.dies_with_another_than(held))

    # -- what somebody asks for

    def demand(self) -> Demand:
        """Re-read or reissue it now; requests that arrive before that has begun share one."""
        if self._demand is None:
            self._demand = asyncio.get_running_loop().create_future()
            self._seen_then = self._newest
            self._demanded_at = self._context.clock.now()
            self.due.ring()
        return self._demand

    async def _meet(self, demand: Demand) -> Step:
        """Fetch on demand. A failure is for whoever asked: the value in use stays valid."""
        self._demand = None  # later requests may know of a newer value
        step, error = self.step, None
        try:
            if not self._has_met():
                with nothing_unforeseen():
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
        """Return whether a value that came since the demand already satisfies it."""
        store = self._store
        if store.pending(self.ref) is not None:  # it waits for its `publish_delay`
            return True
        current = store.current(self.ref)
        if current is None or current.life.kind not in READ:
            return self._newest > self._seen_then
        return current.answer is not None and current.life.granted_at > self._demanded_at

    async def _fetch_at_once(self) -> Step:
        if self._source.availability.down:
            raise TransientError(
                f"{self.ref}: {self._source.title} is unreachable, so nothing was sent; "
                "try again later"
            )
        step = await self._actions.fetch(on_demand=True)
        self._succeeded()
        return step

    def _not_met(self, error: InjectorError) -> Step:
        self._reporter.refresh_failed(error)
        if self._is_read and isinstance(error, TransientError):  # it still has to be read
            at = self._retry_at(error, 1)
            return structs.replace(self.step, at=at if error.retry_after else min(self.step.at, at))
        return self.step

    @property
    def _is_read(self) -> bool:
        current = self._store.current(self.ref)
        return current is None or current.life.kind in READ

    @property
    def _newest(self) -> int:
        newest = self._store.newest(self.ref)
        return 0 if newest is None else newest.number

    # -- success and failure

    def _succeeded(self) -> None:
        self._denied = False
        self._reporter.succeeded()

    def _failed(self, error: InjectorError, action: Action) -> Step:
        if action is Action.RENEW and not isinstance(error, TransientError):
            self._reporter.not_renewed(error)
            return Step(Action.FETCH, self._context.clock.now())
        self._denied = isinstance(error, DeniedError)
        self._reporter.failing(error)
        step = self._after_failure(error, action)
        if (waits := self._actions.publication()) is not None:
            step = min(step, waits, key=lambda step: step.at)
        self._reporter.failed(step)
        return step

    def _after_failure(self, error: InjectorError, action: Action) -> Step:
        context = self._context
        failures, lease = self._reporter.failures, self._store.current(self.ref)
        if action is Action.RENEW and lease is not None:
            now = context.clock.now()
            return after_failed_renewal(error, failures, lease.life, now, context.jitter())
        return Step(Action.FETCH, self._retry_at(error, failures))

    def _retry_at(self, error: InjectorError, failures: int) -> float:
        now, jitter = self._context.clock.now(), self._context.jitter()
        return after_failure(error, failures, now=now, timing=self.settings.timing, jitter=jitter)
