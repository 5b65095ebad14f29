"""Requests that must not be cut off: a login that works once, a credential that is being issued."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from injector.clock import Clock, Wakeup


class UnderWay:
    """Counts them, and lets an end wait for them."""

    def __init__(self) -> None:
        self._count = 0
        self._ending = False
        self._over = Wakeup()

    @property
    def busy(self) -> bool:
        return self._count > 0

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Be one of them until the block ends. Nobody begins any more once an end is near."""
        if self._ending:
            await asyncio.Event().wait()  # until cancelled
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            if not self.busy:
                self._over.ring()

    async def finish(self, clock: Clock, within: float) -> None:
        """Return when all of them are over, after `within` seconds, or when `hurry` is called."""
        self._ending = True
        if self.busy:
            self._over.hush()
            await clock.sleep(within, self._over)

    def hurry(self) -> None:
        """End the wait for them."""
        self._over.ring()
