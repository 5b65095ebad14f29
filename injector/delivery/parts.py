"""What the parts of delivery share."""

from collections.abc import Callable

from msgspec import Struct

from injector.clock import Clock
from injector.delivery.contract import Contracts
from injector.delivery.ledger import Ledger
from injector.health import Health
from injector.log import Logger
from injector.metrics import Metrics
from injector.rotations import Rotations
from injector.secret import Ref
from injector.store import Store


class Parts(Struct, frozen=True):
    """What delivery works with."""

    clock: Clock
    draw: Callable[[], float]
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
