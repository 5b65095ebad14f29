"""What outlives a reload."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from injector.base.clock import Clock, Wakeup
from injector.base.context import Context
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.config import model
from injector.engine import auth
from injector.engine.delivery import Ledger, OutputState
from injector.engine.history import Rotations
from injector.engine.store import Store
from injector.runtime.lastreload import LastReload
from injector.sources.vault import Token

if TYPE_CHECKING:
    from injector.targets.child import Command


@dataclass(slots=True)
class ProcessState:
    """The state of the program: services have none of their own, and are rebuilt around this."""

    clock: Clock
    log: Logger
    redactor: Redactor
    environ: Mapping[str, str] = field(repr=False)  # it may hold a token
    jitter: Callable[[], float]
    metrics: Metrics = field(default_factory=Metrics)
    dirty: Wakeup = field(default_factory=Wakeup)  # rung when there is something to hand over
    rotations: Rotations = field(init=False)
    store: Store = field(init=False)
    ledger: Ledger = field(init=False)
    last_reload: LastReload = field(init=False)
    token: Token | None = None
    replaced_tokens: list[Token] = field(default_factory=list)
    # What an earlier process left, if its hand-over file was found; these types are imported late.
    secret_id: Any = field(default=None, repr=False)
    files: dict[str, Any] = field(default_factory=dict)
    handover: Any = None
    # What is known about outputs, by name and path.
    outputs: dict[tuple[str, str], OutputState] = field(default_factory=dict)
    wrapped: dict[str, Any] = field(default_factory=dict, repr=False)  # in sinks, by path
    unnotified: Callable[[str, str], bool] = lambda _path, _hash: False
    # It may hold the only copy of a secret id whose file was removed after reading.
    method: auth.Method | None = None
    started_at: float = 0.0
    # The supervised command, if there is one.
    command: "Command | None" = None

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()
        self.rotations = Rotations(self.clock, self.redactor.proofread, os.urandom(2).hex())
        self.store = Store(self.dirty, self.redactor, self.rotations)
        self.ledger = Ledger(self.dirty)
        self.last_reload = LastReload(self.clock, self.metrics)

    def context(self) -> Context:
        """Return what the services of one configuration work with; its health begins anew."""
        return Context(
            clock=self.clock,
            jitter=self.jitter,
            environ=self.environ,
            redactor=self.redactor,
            log=self.log,
            metrics=self.metrics,
            health=Health(self.clock, self.metrics),
        )

    def outgrow(self, before: model.Config, after: model.Config) -> None:
        """Drop the results of the old server, identity or `notify`, if those have changed."""
        if before.server_identity != after.server_identity:
            # The new server must not see a token of the old one, not even to revoke it.
            self.store.clear()
            for output in self.outputs.values():
                output.accepted.clear()
            self.token, self.replaced_tokens = None, []
        if before.login_identity != after.login_identity:
            self.replaced_tokens += [self.token] if self.token is not None else []
            self.token = self.method = self.secret_id = None
        if before.notify != after.notify:
            self.ledger.rejected.clear()  # the application may have been asked in the wrong way
