"""The only place that reads time or sleeps."""

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime
from typing import Protocol

# How late a sleeper may learn that the machine was suspended, in seconds.
RESUME_CHECK = 15.0


def iso(wall: float) -> str:
    """Write a moment, in seconds since the epoch, as log, journal and status do: UTC, to the ms."""
    stamp = datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


class Wakeup:
    """Cuts a sleep short: `ring` ends the current sleep, or the next one immediately."""

    def __init__(self) -> None:
        self._rung = False
        self._sleeper: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self._rung = True
        if self._sleeper is not None:
            wake(self._sleeper)

    def hush(self) -> None:
        """Drop a pending ring: what it asked for has been done."""
        self._rung = False

    def attach(self, sleeper: "asyncio.Future[None]") -> None:
        """For clocks: let `ring` wake this sleeper, immediately if it has been rung already."""
        self._sleeper = sleeper
        if self._rung:
            wake(sleeper)

    def detach(self) -> None:
        """For clocks: the sleep is over."""
        self._sleeper = None

    def heard(self) -> bool:
        """For clocks: return whether it was rung, and reset it.

        Not called for a cancelled sleep: the ring is for the next one who sleeps.
        """
        rung, self._rung = self._rung, False
        return rung


class Clock(Protocol):
    """Time as an argument; tests pass one that moves only when told to."""

    def now(self) -> float:
        """Return seconds on a clock that never steps and keeps counting during suspend."""

    def wall(self) -> float:
        """Return seconds since the epoch: for people and certificates, never for schedules."""

    async def sleep(self, seconds: float, wakeup: Wakeup | None = None) -> bool:
        """Sleep, also across a suspend; return whether `wakeup` cut it short.

        With `math.inf` only `wakeup` ends it.
        """

    def deadline(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        """Limit what is inside to `seconds`; raises TimeoutError. All I/O runs in one."""


class SystemClock:
    """CLOCK_BOOTTIME: asyncio's own clock stands still while the machine is suspended."""

    def __init__(self) -> None:
        self._sleepers: set[tuple[float, asyncio.Future[None]]] = set()

    def now(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float, wakeup: Wakeup | None = None) -> bool:
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        if wakeup is not None:
            wakeup.attach(woken)
        timer = None if seconds == math.inf or woken.done() else _timer(loop, seconds, woken)
        sleeper = (self.now() + seconds, woken)
        self._sleepers.add(sleeper)
        try:
            await woken
        finally:
            self._sleepers.discard(sleeper)
            if timer is not None:
                timer.cancel()
            if wakeup is not None:
                wakeup.detach()
        return wakeup is not None and wakeup.heard()

    def deadline(self, seconds: float) -> contextlib.AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)

    def wake_overdue(self) -> None:
        """Wake every sleeper whose time has passed: its timer may have slept too."""
        now = self.now()
        for due, woken in tuple(self._sleepers):
            if due <= now:
                wake(woken)


class ResumeWatch:
    """Checks regularly whether the machine was suspended, which stops asyncio's timers."""

    name = "resume"

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled. The only sleep on asyncio's own clock, on purpose."""
        while True:
            await asyncio.sleep(RESUME_CHECK)
            self._clock.wake_overdue()


def _timer(
    loop: asyncio.AbstractEventLoop, seconds: float, sleeper: "asyncio.Future[None]"
) -> asyncio.Handle:
    """End a sleep after so many seconds; without any, as soon as other tasks have had a turn."""
    if seconds <= 0:
        return loop.call_soon(wake, sleeper)
    return loop.call_later(seconds, wake, sleeper)


def wake(sleeper: "asyncio.Future[None]") -> None:
    """End a sleep, unless it has ended already."""
    if not sleeper.done():
        sleeper.set_result(None)
