"""What a watcher works with."""

from collections.abc import Callable

from msgspec import Struct

from injector.base.clock import Clock
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.base.retry import Availability
from injector.engine.store import Store
from injector.sources.vault import Tokens, Vault


class Parts(Struct, frozen=True):
    """The parts of the engine that all watchers share."""

    clock: Clock
    jitter: Callable[[], float]
    vault: Vault
    tokens: Tokens
    availability: Availability
    store: Store
    health: Health
    metrics: Metrics
    redactor: Redactor
    log: Logger
