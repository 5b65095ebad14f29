"""Hand-written stand-ins, each for one Protocol of the program."""

import asyncio
import contextlib
import heapq
import io
import math
import selectors
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from injector.base.clock import Clock, Wakeup, wake
from injector.base.context import Context
from injector.base.log import logger
from injector.base.redactor import Redactor

# Real seconds after which a test that waits for something has failed.
LIMIT = 5.0


class IdleSelector(selectors.DefaultSelector):
    """Says when the event loop has nothing left to run and is about to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.on_idle: list[Callable[[], bool]] = []

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        if events := super().select(0):
            return events
        woken = [callback() for callback in self.on_idle]
        if any(woken):
            return []
        return super().select(timeout)


def idle_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(IdleSelector())


class FakeClock:
    """A clock that moves only when a test says so, and knows when everything has settled.

    Whatever leaves the program runs inside a `deadline`, so "settled" is: no deadline is open, and
    the loop has nothing left to run.
    """

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._open = 0
        self._waiting: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        selector = loop._selector  # type: ignore[attr-defined]
        assert isinstance(selector, IdleSelector)
        selector.on_idle.append(self._idle)

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return 1_700_000_000 + self._now

    async def sleep(self, seconds: float, wakeup: Wakeup | None = None) -> bool:
        sleeper = self._sleeper(seconds)
        if wakeup is not None:
            wakeup.attach(sleeper)
        try:
            await sleeper
        finally:
            if wakeup is not None:
                wakeup.detach()
        return wakeup is not None and wakeup.heard()

    @contextlib.asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[None]:
        self._open += 1
        expiry = self._sleeper(seconds)
        try:
            async with asyncio.timeout(None) as timeout:
                loop = asyncio.get_running_loop()
                expiry.add_done_callback(
                    lambda done: None if done.cancelled() else timeout.reschedule(loop.time())
                )
                yield
        finally:
            expiry.cancel()
            self._open -= 1

    async def settled(self) -> None:
        """Wait, in real time, until no request is in flight and every loop is asleep."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        async with asyncio.timeout(LIMIT):
            await waiting

    async def advance(self, seconds: float, *, settle: bool = True) -> None:
        """Move on, waking every sleeper on the way at its own moment and letting it finish.

        Who has been woken before finishes first, or it would find itself at the end.
        """
        if settle:
            await self.settled()
        end = self._now + seconds
        while (due := self._next()) is not None and due[0] <= end:
            heapq.heappop(self._sleepers)
            self._now = max(self._now, due[0])
            wake(due[2])
            if settle:
                await self.settled()
            else:
                await asyncio.sleep(0)
        self._now = end
        if settle:
            await self.settled()

    @property
    def sleeping(self) -> int:
        """How many sleepers have a time to wake at."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)

    def _sleeper(self, seconds: float) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        if seconds <= 0:
            future.set_result(None)
        self._count += 1
        if seconds < math.inf:
            heapq.heappush(self._sleepers, (self._now + seconds, self._count, future))
        return future

    def _next(self) -> tuple[float, int, asyncio.Future[None]] | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0] if self._sleepers else None

    def _idle(self) -> bool:
        if self._open or not self._waiting:
            return False
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            wake(future)
        return True


def context(
    clock: Clock,
    *,
    secrets: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    output: io.StringIO | None = None,
) -> Context:
    """What services work with; `output` gets the log, without the `secrets`."""
    redactor = Redactor()
    for number, secret in enumerate(secrets):
        redactor.learn(("secret", number), secret)
    log = logger(level="info", style="json", redact=redactor.redact, stream=output or io.StringIO())
    return Context.alone(clock, environ or {}, redactor, log)
