"""The short bursts of retries, and the one shared state "it is unreachable" of each source."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeVar

from injector.base.clock import Clock, Wakeup
from injector.base.context import Context
from injector.base.errors import InjectorError, TransientError, Unreachable, nothing_unforeseen

T = TypeVar("T")

# 412, seconds: first wait, longest wait, and how many tries fit into about 5 s.
STALE_FIRST, STALE_LONGEST, STALE_TRIES = 0.1, 1.0, 9
# The probe of an unreachable Vault: one per PROBE_INTERVAL seconds, plus up to PROBE_JITTER.
PROBE_INTERVAL, PROBE_JITTER = 2.0, 0.5
# After an outage callers resume spread over some time, seconds: a fleet must not return at once.
# After a long one more is waiting, and it is logins and new credentials: a fifteenth of what it
# lasted beyond LONG is added, up to LONGEST_SPREAD in all.
SPREAD, LONG, LONG_SHARE, LONGEST_SPREAD = 0.5, 150.0, 1 / 15, 10.0


async def while_stale(
    request: Callable[[], Awaitable[T]], clock: Clock, stale: type[TransientError]
) -> T:
    """Repeat a request that a lagging node refused, for about 5 s; then raise its error."""
    import tenacity  # only those who meet a 412 pay for it

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)

    await clock.sleep(STALE_FIRST)  # the refusal that led here was the first try
    async for attempt in tenacity.AsyncRetrying(
        sleep=sleep,
        retry=tenacity.retry_if_exception_type(stale),
        wait=tenacity.wait_exponential(multiplier=STALE_FIRST, max=STALE_LONGEST),
        stop=tenacity.stop_after_attempt(STALE_TRIES),
        reraise=True,
    ):
        with attempt:
            return await request()
    raise AssertionError


def spread(outage: float) -> float:
    """Return over how many seconds callers resume after an outage of this length."""
    return min(SPREAD, outage) + min(max(0.0, outage - LONG) * LONG_SHARE, LONGEST_SPREAD - SPREAD)


class Events(NamedTuple):
    """What the log calls an outage of one kind of source."""

    began: str
    ended: str
    not_one: str


EVENTS = {
    "vault": Events(
        "vault unreachable",
        "vault reachable again",
        "request not answered, but vault is reachable",
    ),
    "source": Events(
        "source unreachable",
        "source reachable again",
        "request not answered, but source is reachable",
    ),
}


class Availability:
    """Whether a source answers: one state and one probe for all, not a retry loop each.

    A request without an answer is a suspicion: all others wait for the probe, and if that is
    answered, the request was at fault. `opens_at` is when the first request may be sent at all.
    Health knows it by `report`, its kind and name; `facts` say in the log which one it is, where
    the kind alone does not.
    """

    name = "availability"

    def __init__(
        self,
        context: Context,
        *,
        probe: Callable[[], Awaitable[None]],
        opens_at: float = 0.0,
        report: tuple[str, str] = ("vault", "server"),
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self._clock = context.clock
        self._health = context.health
        self._jitter = context.jitter
        self._log = context.log
        self._probe = probe
        self._opens_at = opens_at
        self._report = report
        self._events = EVENTS[report[0]]
        self._facts = facts or {}
        self._down_since = 0.0
        self._spread = 0.0
        self._suspicion = TransientError("")  # the request without an answer
        self._confirmed = False
        self._up = asyncio.Event()
        self._up.set()
        self._reported = Wakeup()

    @property
    def down(self) -> bool:
        return not self._up.is_set()

    def report(self, error: InjectorError) -> None:
        """Note why a request failed: if unanswered, all requests wait until a probe is answered."""
        if isinstance(error, Unreachable) and self._up.is_set():
            self._up.clear()
            self._down_since = self._clock.now()
            self._suspicion = error
            self._reported.ring()

    async def wait(self) -> None:
        """Return when it answers: at once, or spread over a moment after an outage."""
        if (left := self._opens_at - self._clock.now()) > 0:
            await self._clock.sleep(left)
        if self._up.is_set():
            return
        await self._up.wait()
        await self._clock.sleep(self._spread * self._jitter())

    async def run(self) -> None:
        """Probe while it is unreachable. Runs until cancelled."""
        while True:
            await self._clock.sleep(float("inf"), self._reported)
            while self.down:
                await self._check()

    async def _check(self) -> None:
        pause = PROBE_INTERVAL + PROBE_JITTER * self._jitter()
        try:
            with nothing_unforeseen():
                await self._probe()
        except TransientError as exc:
            self._failed(exc)
            await self._clock.sleep(pause)
            return
        except InjectorError:
            # Something in between blocks `sys/health`, perhaps permanently: only the requests
            # themselves can tell, at the pace of the probe.
            self._failed(self._suspicion)
            await self._clock.sleep(pause)
        self._answered()

    def _failed(self, error: TransientError) -> None:
        if not self._confirmed:
            self._confirmed = True
            self._log.warning(self._events.began, **self._facts, error=str(self._suspicion))
        self._health.failing(*self._report, error)

    def _answered(self) -> None:
        outage = self._clock.now() - self._down_since
        if self._confirmed:
            self._confirmed = False
            self._log.warning(self._events.ended, **self._facts, after=round(outage, 1))
        else:
            self._log.info(self._events.not_one, **self._facts, error=str(self._suspicion))
        self._health.ok(*self._report)
        self._spread = spread(outage)
        self._up.set()
