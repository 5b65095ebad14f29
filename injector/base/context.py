"""What every service works with: what comes in from outside, and where it reports."""

import random
from collections.abc import Callable, Mapping

from msgspec import Struct

from injector.base.clock import Clock
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor


class Context(Struct, frozen=True, kw_only=True):
    """Shared by all services of one configuration; what only some need they take by name."""

    # The time, and the only way to wait for it: tests advance it.
    clock: Clock
    # A random number between 0 and 1, which keeps a fleet from acting in one moment.
    jitter: Callable[[], float]
    # The variables of this process, one of which may be a token.
    environ: Mapping[str, str]
    # Learns every value before anything is said about it, and masks it in what is said.
    redactor: Redactor
    # What happens, for people.
    log: Logger
    # What happens, in numbers; they outlive a reload.
    metrics: Metrics
    # What works and what does not, for those who decide what follows; a reload begins a new one.
    health: Health

    def __repr__(self) -> str:
        return "Context()"  # without the environment

    @classmethod
    def alone(
        cls, clock: Clock, environ: Mapping[str, str], redactor: Redactor, log: Logger
    ) -> "Context":
        """Return the context of a command that does one thing: its metrics are not read."""
        metrics = Metrics()
        return cls(
            clock=clock,
            jitter=random.random,
            environ=environ,
            redactor=redactor,
            log=log,
            metrics=metrics,
            health=Health(clock, metrics),
        )
