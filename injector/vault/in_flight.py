"""Requests that must not be cut off: a login that works once, a credential that is being issued."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from injector.clock import Clock, Wakeup


class InFlight:
    """Knows of each of them with which token it was made, and lets an end wait for them."""

    def __init__(self) -> None:
        self._tokens: Counter[str] = Counter()
        self._ending = False
        self._over = Wakeup()

    @property
    def busy(self) -> bool:
        return bool(self._tokens)

    @property
    def over(self) -> bool:
        """Return whether an end has come, and there is nothing to wait for any more."""
        return self._ending and not self.busy

    def uses(self, token: str) -> bool:
        """Return whether one of them is made with this token."""
        return token in self._tokens

    @contextlib.asynccontextmanager
    async def one(self, token: str) -> AsyncIterator[None]:
        """Be one of them until the block ends. Nobody begins any more once an end is near."""
        if self._ending:
            await asyncio.Event().wait()  # until cancelled
        self._tokens[token] += 1
        try:
            yield
        finally:
            self._tokens[token] -= 1
            self._tokens += Counter()  # drops what is at zero
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
