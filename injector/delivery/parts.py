"""What the parts of delivery share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from injector.clock import Clock
from injector.delivery.contract import Contracts
from injector.delivery.ledger import Ledger
from injector.delivery.output import Output
from injector.errors import InjectorError
from injector.health import Health, Report
from injector.log import Logger
from injector.metrics import Metrics
from injector.rotations import Outcome, Rotations
from injector.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """What delivery works with."""

    clock: Clock
    draw: Callable[[], float]
    store: Store
    rotations: Rotations
    ledger: Ledger
    health: Health
    metrics: Metrics
    log: Logger
    contracts: Contracts
    look_every: float  # seconds between routine checks of the outputs
    # Name of an output, hash of its content → written by a process that was killed before
    # notifying.
    unnotified: Callable[[str, str], bool]

    def stale(self, output: Output[Any], error: InjectorError, *, result: str) -> Report:
        """Record that an output is out of date; return the report."""
        unaccepted = output.unaccepted(self.store.generations(output.wants))
        outcome = Outcome.ROLLED_BACK if result == "rolled_back" else Outcome.FAILED
        self.rotations.failed(unaccepted, error, outcome)
        self.metrics.file_stale.set(1, output.name)
        self.metrics.renders.add(output.name, result)
        return self.health.failing(output.kind, output.name, error)
