"""What became of the last reload: nothing else shows that a newer configuration is not in force."""

from injector.base.clock import Clock
from injector.base.errors import InjectorError
from injector.base.health import HealthState, Report
from injector.base.metrics import Metrics


class LastReload:
    """The outcome of the last reload; a start counts as one that succeeded."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self.report = Report("configuration", "", HealthState.OK, clock.now())
        self.record_success("")

    def record_success(self, path: str) -> None:
        """Note that what the file says is in force."""
        self.report = Report("configuration", path, HealthState.OK, self._clock.now())
        self._metrics.reload_successful.set(1)
        self._metrics.reload_succeeded_at.set(self._clock.wall())

    def record_failure(self, path: str, error: InjectorError) -> None:
        """Note that what the file says is not in force, and since when: an older one is."""
        before, now = self.report, self._clock.now()
        since = before.since if before.state is HealthState.FAILING else now
        self.report = Report("configuration", path, HealthState.FAILING, since, error)
        self._metrics.reload_successful.set(0)
        self._metrics.errors.add(error.label)
