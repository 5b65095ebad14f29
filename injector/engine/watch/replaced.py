"""Renews leases that are still in use although their successor has been issued."""

from collections.abc import Callable
from math import inf

from injector.base.context import Context
from injector.base.errors import InjectorError, nothing_unforeseen
from injector.engine.store import Generation, Store
from injector.engine.watch.reporting import Reporter
from injector.engine.watch.settings import SecretSettings
from injector.secret import Action, Life, Ref, Step, after_failed_renewal, after_renewal
from injector.sources.source import Source

# Shares of a replaced lease's remaining life: its successor is nearly always accepted before this.
FIRST_SHARE, FIRST_SPREAD = 0.4, 0.2
NEVER = Step(Action.FETCH, inf)


def first_step(life: Life, now: float, jitter: float) -> Step:
    """Decide when to renew a lease that has just been replaced, in case that becomes necessary."""
    left = life.expires_at - now
    if not life.renewable or life.ends_with_token or left == inf:
        return NEVER
    return Step(Action.RENEW, now + left * (FIRST_SHARE + FIRST_SPREAD * jitter))


class Replaced:
    """Keeps what an application uses alive as long as its source allows; never requests a new one.

    From when the next one is issued until that is accepted. In between there may be a
    `publish_delay`, a notification that fails, or a change that was rolled back.
    """

    def __init__(
        self,
        settings: Callable[[Ref], SecretSettings],
        context: Context,
        *,
        store: Store,
        source: Source,
    ) -> None:
        self._settings = settings
        self._context = context
        self._store = store
        self._source = source
        self._steps: dict[str, Step] = {}  # by lease id
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Renew whatever is due. Runs until cancelled."""
        context = self._context
        while True:
            next_at = await self.renew_due()
            wakeup = self._store.lease_replaced(self._source.name)
            await context.clock.sleep(next_at - context.clock.now(), wakeup)

    async def renew_due(self) -> float:
        """Renew what is due now; return when the next is."""
        context = self._context
        leases = {lease.lease_id: lease for lease in self._store.still_held(self._source.name)}
        self._steps = {key: step for key, step in self._steps.items() if key in leases}
        self._failures = {key: count for key, count in self._failures.items() if key in leases}
        for key, lease in leases.items():
            now = context.clock.now()
            step = self._steps.get(key) or first_step(lease.life, now, context.jitter())
            if step.action is Action.RENEW and step.at <= now:
                step = await self._renew(lease)
            self._steps[key] = step
        return min(
            (step.at for step in self._steps.values() if step.action is Action.RENEW), default=inf
        )

    async def _renew(self, lease: Generation) -> Step:
        """Return the next step; requesting a new credential is not done here."""
        context, settings = self._context, self._settings(lease.ref)
        await self._source.availability.wait()
        if lease.has_ended(context.clock.now()):  # as after an outage: nothing to renew
            return NEVER
        before = lease.life
        try:
            with nothing_unforeseen():
                after = await self._source.renew(lease.ref, lease.lease_id, before)
        except InjectorError as exc:
            return self._failed(lease, exc)
        self._failures.pop(lease.lease_id, None)
        self._store.renewed(lease, after)
        if self._store.current(lease.ref) is lease:
            Reporter(settings.name, context, self._source.availability).measure(lease)
        context.log.debug("replaced lease renewed", secret=settings.name, duration=after.duration)
        return after_renewal(before, after, settings.timing, context.jitter())

    def _failed(self, lease: Generation, error: InjectorError) -> Step:
        context, now = self._context, self._context.clock.now()
        failures = self._failures[lease.lease_id] = self._failures.get(lease.lease_id, 0) + 1
        self._source.availability.report(error)
        step = after_failed_renewal(error, failures, lease.life, now, context.jitter())
        context.log.warning(
            "replaced lease not renewed",
            secret=self._settings(lease.ref).name,
            error=str(error),
            ends_in=round(lease.life.expires_at - now, 1),
        )
        return step
