"""`--chaos`: rotations, expirations and outages at random moments."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from injector.base.clock import Clock
from injector.base.errors import InjectorError
from injector.dev.rehearsal import Rehearsal

# Probabilities; the rest are outages.
ROTATIONS, EXPIRIES = 0.5, 0.25
# An outage lasts this share of the interval, up to a limit that leaves room for the rest.
SHARE, LONGEST_OUTAGE = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Misfortune:
    """One thing that goes wrong; `name` is the secret, empty for an outage."""

    what: str
    name: str = ""


def choose(
    jitter: float, which: float, *, rotatable: Sequence[str], expirable: Sequence[str]
) -> Misfortune:
    """Return what happens next; both draws are uniform in 0…1."""
    if jitter < ROTATIONS and rotatable:
        return Misfortune("rotate", rotatable[int(which * len(rotatable))])
    if jitter < ROTATIONS + EXPIRIES:
        return Misfortune("expire", expirable[int(which * len(expirable))])
    return Misfortune("outage")


def pause(interval: float, jitter: float) -> float:
    """Return the seconds until the next one: 0.5 to 1.5 intervals."""
    return interval * (0.5 + jitter)


def outage(interval: float, jitter: float) -> float:
    return min(interval * SHARE, LONGEST_OUTAGE) * (0.5 + jitter / 2)


class Chaos:
    """Makes things go wrong, forever."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        interval: float,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._rehearsal = rehearsal
        self._interval = interval
        self._clock = clock
        self._jitter = jitter
        self._tell = tell

    async def run(self) -> None:
        """Run until cancelled; what cannot be done is reported and skipped."""
        while True:
            await self._clock.sleep(pause(self._interval, self._jitter()))
            try:
                await self._act()
            except InjectorError as exc:
                self._tell(str(exc))

    async def _act(self) -> None:
        rehearsal = self._rehearsal
        act = choose(
            self._jitter() % 1,
            self._jitter() % 1,
            rotatable=rehearsal.rotatable,
            expirable=rehearsal.expirable,
        )
        if act.what == "outage":
            seconds = outage(self._interval, self._jitter())
            with rehearsal.outage():
                self._tell(f"sealed the server for {seconds:.1f} s")
                await self._clock.sleep(seconds)
            self._tell("unsealed the server")
        elif act.what == "rotate":
            self._tell(f"rotates {act.name}")
            await asyncio.to_thread(rehearsal.rotate, act.name)
        else:
            self._tell(await asyncio.to_thread(rehearsal.expire, act.name))
