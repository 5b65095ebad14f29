"""What works, what does not and since when: reported by every part, read by `status` and `once`."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from injector.clock import Clock
from injector.errors import InjectorError
from injector.metrics import Metrics


class State(StrEnum):
    """Of one thing: the token, one secret, one file, one notification target."""

    WAITING = "waiting"  # for something else, nothing is wrong
    OK = "ok"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Report:
    """The newest word on one thing. Times are of the injected clock, in seconds."""

    kind: str
    name: str
    state: State
    since: float
    error: InjectorError | None = None


class Health:
    """A registry of reports; whoever waits for something to settle waits here."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._reports: dict[tuple[str, str], Report] = {}
        self._changed = asyncio.Event()

    def waiting(self, kind: str, name: str) -> None:
        self._report(kind, name, State.WAITING, None)

    def ok(self, kind: str, name: str) -> None:
        self._report(kind, name, State.OK, None)

    def failing(self, kind: str, name: str, error: InjectorError) -> None:
        self._metrics.errors.add(error.label)
        self._report(kind, name, State.FAILING, error)

    def forget(self, kind: str, name: str) -> None:
        self._reports.pop((kind, name), None)
        self._changed.set()

    def of(self, kind: str, name: str) -> Report | None:
        return self._reports.get((kind, name))

    def all(self, kind: str | None = None) -> list[Report]:
        return [r for r in self._reports.values() if kind is None or r.kind == kind]

    @property
    def settled(self) -> bool:
        """Tell whether everything that has been announced is done and right."""
        return all(report.state is State.OK for report in self._reports.values())

    async def changed(self) -> None:
        """Wait until some report has changed since the last call."""
        await self._changed.wait()
        self._changed.clear()

    def _report(self, kind: str, name: str, state: State, error: InjectorError | None) -> None:
        before = self._reports.get((kind, name))
        same = before is not None and before.state is state
        since = before.since if before is not None and same else self._clock.now()
        self._reports[kind, name] = Report(kind, name, state, since, error)
        if not same or error is not None:
            self._changed.set()
