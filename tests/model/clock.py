"""The clock of the model: it also knows which requests hang on purpose."""

import contextlib
from collections.abc import Callable, Iterator
from math import inf

from tests.support.fakes import FakeClock

LATER = 1e-6  # floating point may make the second of two equal moments the earlier one


class ModelClock(FakeClock):
    """Settled is also: whatever is in flight hangs, and only time will end it."""

    def __init__(self) -> None:
        super().__init__()
        self._hanging = 0
        self.stepped = 0.0  # how far somebody has set this machine's wall clock
        self.jumped_at = -inf
        self.on_settled: list[Callable[[], None]] = []

    def wall(self) -> float:
        return self.server_wall() + self.stepped

    def server_wall(self) -> float:
        """Return what the server's clock says, which is another machine's."""
        return super().wall()

    @contextlib.contextmanager
    def hangs(self) -> Iterator[None]:
        """For the server: say that this request will not get on by itself."""
        self._hanging += 1
        try:
            yield
        finally:
            self._hanging -= 1

    async def settled(self) -> None:
        await super().settled()
        for check in self.on_settled:
            check()

    async def jump(self, seconds: float) -> None:
        """Move on without waking anybody on the way, as a suspended machine does."""
        self._now += seconds
        self.jumped_at = self._now
        await self.advance(0, settle=False)
        await self.settled()

    def _idle(self) -> bool:
        in_flight, self._open = self._open, max(0, self._open - self._hanging)
        try:
            return super()._idle()
        finally:
            self._open = in_flight
