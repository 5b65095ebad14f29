"""Requests that must not be cut off: a login that works once, a credential that is being issued."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from injector.base.clock import Clock, Wakeup


class Unrepeatable:
    """Counts such requests by token, and lets a shutdown wait for them."""

    def __init__(self) -> None:
        self._tokens: Counter[str] = Counter()
        self._ending = False
        self._over = Wakeup()

    @property
    def busy(self) -> bool:
        return bool(self._tokens)

    @property
    def over(self) -> bool:
        """Return whether `finish` was called and nothing is left to wait for."""
        return self._ending and not self.busy

    def uses(self, token: str) -> bool:
        """Return whether one of them is made with this token."""
        return token in self._tokens

    @contextlib.asynccontextmanager
    async def one(self, token: str) -> AsyncIterator[None]:
        """Count as one of them inside the block. None may start once `finish` has been called."""
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
        """Let no more start; wait for the rest, for at most `within` seconds or until `hurry`."""
        self._ending = True
        if self.busy:
            self._over.hush()
            await clock.sleep(within, self._over)

    def hurry(self) -> None:
        """End the wait for them."""
        self._over.ring()
