"""What the parts of delivery share."""

from collections.abc import Callable

from msgspec import Struct

from injector.base.clock import Clock
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.engine.delivery.contract import Contracts
from injector.engine.delivery.ledger import Ledger
from injector.engine.history import Rotations
from injector.engine.store import Store
from injector.secret import Ref


class Parts(Struct, frozen=True):
    """What delivery works with."""

    clock: Clock
    jitter: Callable[[], float]
    store: Store
    rotations: Rotations
    ledger: Ledger
    health: Health
    metrics: Metrics
    log: Logger
    called: Callable[[Ref], str]  # the name of a secret
    contracts: Contracts
    look_every: float  # seconds between routine checks of the outputs
    # Name of an output, hash of its content → written by a process that was killed before
    # notifying.
    unnotified: Callable[[str, str], bool]
