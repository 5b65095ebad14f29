"""What a watcher works with."""

from collections.abc import Callable
from dataclasses import dataclass

from injector.clock import Clock
from injector.health import Health
from injector.log import Logger
from injector.metrics import Metrics
from injector.redactor import Redactor
from injector.retry import Availability
from injector.store import Store
from injector.vault import Tokens, Vault


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the engine that all watchers share."""

    clock: Clock
    draw: Callable[[], float]
    vault: Vault
    tokens: Tokens
    availability: Availability
    store: Store
    health: Health
    metrics: Metrics
    redactor: Redactor
    log: Logger
