"""What a watcher works with."""

from collections.abc import Callable

from msgspec import Struct

from injector.clock import Clock
from injector.health import Health
from injector.log import Logger
from injector.metrics import Metrics
from injector.redactor import Redactor
from injector.retry import Availability
from injector.store import Store
from injector.vault import Tokens, Vault


class Parts(Struct, frozen=True):
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
