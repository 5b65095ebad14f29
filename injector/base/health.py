"""What works, what does not and since when: reported by every part, read by `status` and `once`."""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from msgspec import Struct, structs

from injector.base.clock import Clock, Wakeup
from injector.base.errors import InjectorError, TransientError, UnforeseenError, Unreachable
from injector.base.log import Logger
from injector.base.metrics import Metrics

# Fewer failures in a row than this are not yet an error in the log: a retry usually mends them.
LOUD = 3
# What goes on failing in the same way is said in full again after so many times.
IN_FULL_EVERY = 10


class HealthState(StrEnum):
    """The state of one thing: the token, a secret, a file, a notification target."""

    WAITING = "waiting"  # for something else, nothing is wrong
    OK = "ok"
    FAILING = "failing"


class Report(Struct, frozen=True):
    """The newest word on one thing. Times are of the injected clock, in seconds."""

    kind: str
    name: str
    state: HealthState
    since: float
    error: InjectorError | None = None
    # In a row, including this one; those that a retry may fix and others are counted apart.
    failures: int = 1
    repeated: int = 0  # how many of them before this one had the very same words
    answered_since: float = math.inf  # since when it has failed although Vault is reachable

    @property
    def may_pass(self) -> bool:
        """Return whether a retry may fix it."""
        return isinstance(self.error, TransientError)

    def log(self, log: Logger, event: str, **facts: Any) -> None:
        """Log a failure, as an error unless a retry may fix it; a repeated one only for debugging.

        The reason for an outage is logged once, by `retry.Availability`.
        """
        assert self.error is not None
        quiet = self.may_pass and self.failures < LOUD
        known = self.repeated % IN_FULL_EVERY > 0 and not (self.may_pass and self.failures == LOUD)
        if not known and not (quiet and isinstance(self.error, Unreachable)):
            facts["error"] = str(self.error)
            if isinstance(self.error, UnforeseenError):
                facts["trace"] = self.error.trace
        say = log.debug if known else log.info if quiet else log.error
        say(event, **facts, error_class=self.error.label, failures=self.failures)


class Health:
    """A registry of reports; `changed` wakes those who wait for everything to settle."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._reports: dict[tuple[str, str], Report] = {}
        # Sets beside the reports: asking costs nothing, however many secrets there are.
        self._unsettled: set[tuple[str, str]] = set()
        self._failing: set[tuple[str, str]] = set()
        self.changed = Wakeup()
        self._others: list[Wakeup] = []

    def also_ring(self, wakeup: Wakeup) -> None:
        """Also ring this at each change."""
        self._others.append(wakeup)

    def waiting(self, kind: str, name: str) -> None:
        self._report(kind, name, HealthState.WAITING)

    def ok(self, kind: str, name: str) -> None:
        self._report(kind, name, HealthState.OK)

    def failing(self, kind: str, name: str, error: InjectorError) -> Report:
        """Note a failure; return what is known of it now."""
        self._metrics.errors.add(error.label)
        self._report(kind, name, HealthState.FAILING, error)
        return self._reports[kind, name]

    def forget(self, kind: str, name: str) -> None:
        self._reports.pop((kind, name), None)
        self._unsettled.discard((kind, name))
        self._failing.discard((kind, name))
        self._ring()

    def of(self, kind: str, name: str) -> Report | None:
        return self._reports.get((kind, name))

    def all(self, kind: str | None = None) -> list[Report]:
        return [r for r in self._reports.values() if kind is None or r.kind == kind]

    @property
    def settled(self) -> bool:
        """Return whether everything that was announced is done."""
        return not self._unsettled

    def failures(self) -> list[Report]:
        """Return what is failing now."""
        return [self._reports[key] for key in self._failing]

    def _ring(self) -> None:
        for wakeup in (self.changed, *self._others):
            wakeup.ring()

    def _report(
        self, kind: str, name: str, state: HealthState, error: InjectorError | None = None
    ) -> None:
        key, now = (kind, name), self._clock.now()
        before = self._reports.get(key)
        if before is not None and before.state is state and error is None:
            return
        answered = error is not None and not isinstance(error, Unreachable)
        answered_since = now if answered else math.inf
        report = Report(kind, name, state, now, error, answered_since=answered_since)
        if before is not None and before.state is state:
            report = _in_a_row(before, report)
        self._reports[key] = report
        (self._unsettled.discard if state is HealthState.OK else self._unsettled.add)(key)
        (self._failing.add if state is HealthState.FAILING else self._failing.discard)(key)
        self._ring()


def _in_a_row(before: Report, after: Report) -> Report:
    """Return a failure as the one that follows another of the same thing."""
    same_words = str(before.error) == str(after.error)
    both_answered = math.inf not in (before.answered_since, after.answered_since)
    return structs.replace(
        after,
        since=before.since,
        failures=before.failures + 1 if before.may_pass == after.may_pass else 1,
        repeated=before.repeated + 1 if same_words else 0,
        answered_since=before.answered_since if both_answered else after.answered_since,
    )


def verdict(
    health: Health, *, now: float, grace: Callable[[Report], float]
) -> tuple[int | None, float]:
    """Decide whether waiting is over: (exit code or None, seconds until that may change).

    0 when everything is done. An error that waiting will not fix counts once there have been
    failures for its `grace`, in seconds, with Vault reachable (replication may fix it); of several
    errors the smallest code is returned.
    """
    if health.settled:
        return 0, 0.0
    failures = health.failures()
    lasting = [report for report in failures if not report.may_pass]
    ends = (report.answered_since + grace(report) for report in lasting)
    left = min(ends, default=math.inf) - now
    return (exit_code(failures), 0.0) if left <= 0 else (None, left)


def exit_code(failures: list[Report]) -> int:
    """Return the smallest exit code of what fails; 9 if nothing does and time is simply up."""
    codes = (report.error.exit_code for report in failures if report.error is not None)
    return min(codes, default=TransientError.exit_code)
