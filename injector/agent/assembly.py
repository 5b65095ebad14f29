"""Puts the parts together for one configuration, around what outlives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from injector import auth, watch
from injector.agent import build
from injector.agent.plan import Plan, names
from injector.agent.services import Service
from injector.auth.autoauth import AutoAuth
from injector.auth.autoauth import Parts as AuthParts
from injector.auth.sink import Sinks
from injector.clock import Clock
from injector.config import Loaded, model
from injector.delivery import Delivery, Ledger, Notifier, Output
from injector.delivery.delivery import Parts as DeliveryParts
from injector.delivery.notifier import Parts as NotifierParts
from injector.health import Health
from injector.log import Logger, Redactor
from injector.metrics import Metrics
from injector.notify import target as notify_target
from injector.retire import Retire
from injector.retry import Availability
from injector.store import Store
from injector.vault import Token, Tokens, Transport, Vault

# Seconds that revoking may delay the end, beyond the 3 s that stopping takes.
RELEASE_WITHIN = 3.0


@dataclass(slots=True)
class Kept:
    """What outlives a reload, and what every part is given."""

    clock: Clock
    log: Logger
    redactor: Redactor
    environ: Mapping[str, str]
    draw: Callable[[], float]
    metrics: Metrics = field(default_factory=Metrics)
    store: Store = field(default_factory=Store)
    ledger: Ledger = field(default_factory=Ledger)
    token: Token | None = None
    # It may hold the only copy of a secret id whose file was removed after reading.
    method: auth.Method | None = None
    started_at: float = 0.0

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()

    def outgrow(self, before: model.Config, after: model.Config) -> None:
        """Drop what the old configuration's server or identity gave, if those have changed."""
        if (before.vault.address, before.vault.namespace) != (
            after.vault.address,
            after.vault.namespace,
        ):
            self.store, self.token = Store(), None
        if before.auto_auth != after.auto_auth:
            self.token = self.method = None


class Assembly:
    """All services of one configuration. Building one sends nothing and writes nothing."""

    def __init__(self, plan: Plan, kept: Kept) -> None:
        config = plan.config
        self.loaded = loaded = plan.loaded
        self._kept = kept
        self.health = Health(kept.clock, kept.metrics)
        self.transport = Transport(
            config.vault,
            connections=config.template_config.max_connections_per_host,
            clock=kept.clock,
            metrics=kept.metrics,
        )
        self.vault = Vault(self.transport, kept.clock)
        self.tokens = Tokens(kept.clock, self.vault.is_valid, kept.token)
        self.availability = Availability(
            kept.clock, self.health, probe=self.vault.health, draw=kept.draw, log=kept.log
        )
        refs = names(config)
        self.outputs = build.outputs(plan, refs)
        self.watch = watch.Watch(config, refs, self._watch_parts())
        self.delivery = self._delivery(config)
        self.sinks, self.auth = self._auth(loaded)
        self.retire = Retire(
            store=kept.store,
            vault=self.vault,
            tokens=self.tokens,
            overlap=lambda ref: self.watch.entries.of(ref).overlap,
            keep_tokens=bool(config.auto_auth and config.auto_auth.sinks),
            clock=kept.clock,
            log=kept.log,
        )

    def services(self) -> list[Service]:
        """Return what runs in every mode."""
        return [
            self.availability,
            self.auth,
            self.sinks,
            self.watch,
            self.delivery,
            self.retire,
        ]

    async def release(self) -> None:
        """At a regular end: revoke what `revoke_on_shutdown` asks for, but not for long."""
        what = self.loaded.config.revoke_on_shutdown
        try:
            async with self._kept.clock.deadline(RELEASE_WITHIN):
                await self.retire.revoke_all(what)
        except TimeoutError:
            self._kept.log.warning("not everything revoked", within=RELEASE_WITHIN)

    async def close(self) -> None:
        """Close connections, and keep the token for the next configuration."""
        self._kept.token = self.tokens.held
        await self.transport.reconnect()

    def _watch_parts(self) -> watch.Parts:
        kept = self._kept
        return watch.Parts(
            clock=kept.clock,
            draw=kept.draw,
            vault=self.vault,
            tokens=self.tokens,
            availability=self.availability,
            store=kept.store,
            health=self.health,
            metrics=kept.metrics,
            redactor=kept.redactor,
            log=kept.log,
        )

    def _delivery(self, config: model.Config) -> Delivery:
        kept = self._kept
        parts = DeliveryParts(
            kept.clock, kept.draw, kept.store, kept.ledger, self.health, kept.metrics, kept.log
        )
        delivery = Delivery(self.outputs, parts)
        users = build.users(self.outputs)
        for name, notify in build.targets(config).items():
            delivery.add(self._notifier(name, notify, users(name), delivery.told))
        return delivery

    def _notifier(
        self,
        name: str,
        notify: model.Notify,
        outputs: list[Output],
        told: Callable[[set[str]], None],
    ) -> Notifier:
        kept = self._kept
        target = notify_target(
            name,
            notify,
            clock=kept.clock,
            redact=kept.redactor.redact,
            environ=kept.environ,
        )
        parts = NotifierParts(
            kept.clock, kept.draw, kept.ledger, self.health, kept.metrics, kept.log, told
        )
        return Notifier(name, notify, target, outputs, parts)

    def _auth(self, loaded: Loaded) -> tuple[Sinks, AutoAuth]:
        kept, config = self._kept, loaded.config
        settings = config.auto_auth
        sinks = Sinks(
            settings.sinks if settings else (),
            require_memory_backed=config.template_config.require_memory_backed,
            tokens=self.tokens,
            clock=kept.clock,
            health=self.health,
            log=kept.log,
            draw=kept.draw,
        )
        parts = AuthParts(
            clock=kept.clock,
            draw=kept.draw,
            vault=self.vault,
            tokens=self.tokens,
            availability=self.availability,
            health=self.health,
            metrics=kept.metrics,
            redactor=kept.redactor,
            log=kept.log,
            renewed=sinks.news.ring,
        )
        if settings is None:  # the loader has made sure that the environment has a token
            return sinks, AutoAuth(*auth.given(loaded.token), parts)
        if kept.method is None:
            kept.method = auth.method(settings.method, log=kept.log, metrics=kept.metrics)
        return sinks, AutoAuth(settings.method, kept.method, parts)
