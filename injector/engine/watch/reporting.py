"""Reports what happens to one secret: to health, log and metrics."""

from math import inf

from injector.base.context import Context
from injector.base.errors import InjectorError
from injector.base.retry import Availability
from injector.engine.store import EXPIRING, Generation
from injector.secret import Step


class Reporter:
    """Counts consecutive failures of one secret, and reports them."""

    def __init__(self, name: str, context: Context, availability: Availability) -> None:
        self.failures = 0
        self._name = name
        self._context = context
        self._availability = availability

    def succeeded(self) -> None:
        if self.failures:
            self._context.log.info("secret recovered", secret=self._name)
        self.failures = 0
        self._context.health.ok("secret", self._name)

    def failing(self, error: InjectorError) -> None:
        """Note a failure, before the next step is decided."""
        self.failures += 1
        self._context.health.failing("secret", self._name, error)
        self._availability.report(error)

    def failed(self, step: Step) -> None:
        """Log the latest failure with the time of the next attempt."""
        report = self._context.health.of("secret", self._name)
        assert report is not None
        report.log(
            self._context.log,
            "secret failed",
            secret=self._name,
            retry_in=round(step.at - self._context.clock.now(), 1),
        )

    def refresh_failed(self, error: InjectorError) -> None:
        """Log why a requested refresh failed: the value in use stays valid."""
        self._availability.report(error)
        self._context.metrics.errors.add(error.label)
        self._context.log.warning(
            "refresh failed", secret=self._name, error=str(error), error_class=error.label
        )

    def not_renewed(self, error: InjectorError) -> None:
        """Log a refused renewal, which is no failure: the lease was revoked, or is at its end."""
        self._context.log.info(
            "lease not renewed, requesting a new one", secret=self._name, reason=str(error)
        )

    def measure_what_is_kept(self, current: Generation | None) -> None:
        """Set the metrics of what an earlier process left; after a reload they are set already."""
        if current is not None and not self._context.metrics.secret_generation.has(self._name):
            self.measure(current)

    def measure(self, generation: Generation) -> None:
        """Set the metrics of the current generation."""
        metrics = self._context.metrics
        metrics.secret_refreshed.set(self._wall(generation.life.granted_at), self._name)
        metrics.secret_generation.set(generation.number, self._name)
        self.measure_expiry(generation)

    def measure_expiry(self, generation: Generation) -> None:
        life, expires = generation.life, self._context.metrics.secret_expires
        if life.kind in EXPIRING and life.expires_at < inf:
            expires.set(self._wall(life.expires_at), self._name)
        else:
            expires.forget(self._name)

    def _wall(self, moment: float) -> float:
        return self._context.clock.wall() + moment - self._context.clock.now()
