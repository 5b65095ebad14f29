"""Puts the parts together for one configuration, around what outlives it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from injector.base.errors import WriteError
from injector.base.redactor import Redactor
from injector.base.retry import Availability
from injector.config import Loaded, model
from injector.engine import auth
from injector.engine.auth.autoauth import AutoAuth
from injector.engine.auth.sink import Sinks
from injector.engine.delivery import Delivery, Output
from injector.engine.revoke import Revocation
from injector.engine.watch import Watch
from injector.runtime import build
from injector.runtime.configuration_words import explain
from injector.runtime.plan import Plan, refs_by_name
from injector.runtime.services import Service
from injector.runtime.sources import sources
from injector.runtime.state import ProcessState
from injector.secret import Ref
from injector.sources.source import Token as AnyToken
from injector.sources.unrepeatable import Unrepeatable
from injector.sources.vault import Token, Tokens, Transport, Vault
from injector.sources.vault.ref import NAME
from injector.sources.vault.source import VaultSource, engines

if TYPE_CHECKING:
    from injector.engine.journal import Journal
    from injector.runtime.handing_over import HandingOver
    from injector.runtime.readiness import Readiness
    from injector.runtime.supervision import Supervision
    from injector.targets.child import Child

# Seconds that revoking may delay the shutdown, beyond the 3 s that stopping takes.
RELEASE_WITHIN = 3.0


def take_over(plan: Plan, state: ProcessState) -> AbstractContextManager[None]:
    """Hold the lock of the hand-over file and load it; does nothing if none is configured."""
    if plan.config.cache.persist is None:
        return nullcontext()
    from injector.runtime import handing_over  # 8 ms that most do without

    return handing_over.take_over(plan.config, plan.config.cache.persist.path, state)


def _supervision(plan: Plan, state: ProcessState) -> "Supervision | None":
    if plan.config.exec is None:
        return None
    from injector.runtime.supervision import Supervision  # 12 ms that most do without

    return Supervision(plan, state)


def rehearse(plan: Plan, state: ProcessState) -> None:
    """Build the parts of a configuration and drop them: whatever prevents that is found now.

    They are built around an empty state, so that the parts which are running notice nothing.
    """
    nothing = ProcessState(state.clock, state.log, Redactor(), state.environ, state.jitter)
    if plan.config.exec is not None:
        from injector.targets.child import Command  # 12 ms that most do without

        nothing.command = Command(state.clock, nothing.redactor, None, frozenset())
    Assembly(plan, nothing)


class Assembly:
    """All services of one configuration. Building one sends nothing and writes nothing."""

    def __init__(self, plan: Plan, state: ProcessState) -> None:
        config = plan.config
        self.loaded = loaded = plan.loaded
        self._state = state
        explain(state.redactor, plan)
        self.context = context = state.context()
        self.health = context.health
        self.transport = Transport.of(config, context)
        self.more_transports: list[Transport] = []  # closed with this assembly
        self.unrepeatable = Unrepeatable()
        self.vault = Vault(self.transport, state.clock, self.unrepeatable)
        self.tokens = Tokens(
            state.clock,
            self.vault.is_valid,
            state.token,
            state.replaced_tokens,
            changed=self._token_changed,
        )
        self.availability = Availability(
            context,
            probe=self.vault.health,
            opens_at=state.started_at + config.vault.start_splay * state.jitter(),
        )
        refs = refs_by_name(config)
        vault = VaultSource(
            context,
            vault=self.vault,
            tokens=self.tokens,
            availability=self.availability,
            engines=engines(config, refs),
            keep_tokens=bool(config.auto_auth and config.auto_auth.sinks),
        )
        self.sources = sources(
            vault,
            config,
            context,
            unrepeatable=self.unrepeatable,
            token_changed=self._other_token_changed,
        )
        supervision = _supervision(plan, state)
        self.outputs = build.outputs(plan, refs, context)
        if supervision is not None:
            self.outputs.append(supervision.environment)
        for output in self.outputs:
            self._remind(output)
        self.watch = Watch(
            config,
            refs,
            context,
            store=state.store,
            sources=self.sources,
        )
        self.delivery = self._delivery(config, refs, supervision)
        self.sinks = self._sinks(config)
        described, method = self._method(loaded)
        self.auth, self.replaced_tokens = self._auth(described, method)
        self.journal = self._journal(config)
        self.handing_over = self._handing_over(config, method)
        self.revocation = Revocation(
            context,
            store=state.store,
            sources=self.sources,
            overlap=self.watch.settings.overlap,
        )

        self.child: Child | None = None
        if supervision is not None:
            self.child = supervision.child(self.readiness, context)

    @cached_property
    def readiness(self) -> "Readiness":
        """Return what tells whether everything that this configuration delivers is in place."""
        from injector.runtime.readiness import Readiness  # `once` asks `health`

        return Readiness(self.health, self._state.store, self.watch, self.delivery, self.sources)

    def remove_leftovers(self) -> None:
        """Remove what a killed run has left, where this configuration writes."""
        build.remove_leftovers(self.outputs, self.sinks.files, self._state.log)

    def services(self) -> list[Service]:
        """Return the services that run in every mode."""
        return [
            *(source.availability for source in self.sources.values()),
            self.auth,
            self.replaced_tokens,
            self.sinks,
            self.watch,
            self.delivery,
            self.revocation,
            *([] if self.handing_over is None else [self.handing_over]),
            *([] if self.journal is None else [self.journal]),
            *([] if self.child is None else [self.child]),
        ]

    async def release(self) -> None:
        """Shut down: tidy up, and revoke what `revoke_on_shutdown` says or hand everything over."""
        what = self.loaded.config.revoke_on_shutdown
        hands_over = what == "none" and self.handing_over is not None
        for output in self.outputs:
            tidy(output, can_go_back=hands_over)
        if what == "none":
            self._hand_over()
            return
        try:
            async with self._state.clock.deadline(RELEASE_WITHIN):
                await self.revocation.revoke_all(what)
        except TimeoutError:
            self._state.log.warning("not everything revoked", within=RELEASE_WITHIN)
        if self.handing_over is not None:
            self.handing_over.remove()

    async def close(self) -> None:
        """Close connections, and keep what the next configuration needs."""
        if self.journal is not None:
            self.journal.write()
        self._state.outputs = {output.key: output.carry_over() for output in self.outputs}
        self._state.token = self.tokens.held
        self._state.replaced_tokens = self.tokens.replaced
        for transport in (self.transport, *self.more_transports):
            await transport.reconnect()

    def _remind(self, output: Output[Any]) -> None:
        """Give an output what the last configuration, or the last process, knew about it."""
        if (before := self._state.outputs.get(output.key)) is not None:
            output.resume(before)
        elif (left := self._state.files.pop(output.name, None)) is not None:
            output.destination.recall(left.content_hash, left.identity, left.earlier)

    def _hand_over(self) -> None:
        if self.handing_over is not None:
            self.handing_over.save()

    def _token_changed(self, token: Token) -> None:
        """Tell those that work with a token that it is new, renewed or set aside."""
        if token is self.tokens.held:
            self.watch.follow(NAME, token)
        else:
            self.replaced_tokens.token_set_aside.ring()
            self._state.store.revocable(NAME).ring()
        self.sinks.outdated.ring()
        self._state.dirty.ring()

    def _other_token_changed(self, source: str, token: AnyToken) -> None:
        """Tell those that work with a source other than Vault that its token is another one."""
        self.watch.follow(source, token)
        self._state.store.revocable(source).ring()
        self._state.dirty.ring()

    def _delivery(
        self, config: model.Config, refs: Mapping[str, Ref], supervision: "Supervision | None"
    ) -> Delivery:
        state = self._state
        delivery = Delivery(
            self.outputs,
            self.context,
            store=state.store,
            ledger=state.ledger,
            rotations=state.rotations,
            called=self.watch.called,
            contracts=build.contracts(config, refs),
            look_every=config.template_config.static_secret_render_interval,
            unnotified=state.unnotified,
            hand_over=self._hand_over,
        )
        outputs, turn = build.outputs_by_target(self.outputs), asyncio.Lock()
        tries_again = self.loaded.behaviour.waits_for_commands or not config.exit_after_auth
        targets = build.targets(config) | (supervision.own_target if supervision else {})
        for name, notify in targets.items():
            application = supervision and supervision.application(name, notify, self.context)
            if application is None and name in config.notify:
                overtaken = partial(state.ledger.is_pending, name)
                application = build.application(name, config, self.context, overtaken)
            application = application or build.own_command(name, notify, self.context, turn)
            delivery.add(name, notify, application, outputs[name], tries_again=tries_again)
        return delivery

    def _journal(self, config: model.Config) -> "Journal | None":
        if config.journal is None:
            return None
        from injector.engine.journal import Journal  # only with `journal`

        return Journal(
            config.journal,
            self.context,
            rotations=self._state.rotations,
            called=self.watch.called,
        )

    def _sinks(self, config: model.Config) -> Sinks:
        return Sinks(
            config.auto_auth.sinks if config.auto_auth else (),
            self.context,
            settings=config.template_config,
            vault=self.vault,
            tokens=self.tokens,
            availability=self.availability,
            wrapped=self._state.wrapped,
        )

    def _auth(
        self, described: model.Method, method: auth.Method
    ) -> tuple[AutoAuth, auth.ReplacedTokens]:
        return (
            AutoAuth(
                described,
                method,
                self.context,
                vault=self.vault,
                tokens=self.tokens,
                availability=self.availability,
            ),
            auth.ReplacedTokens(
                method,
                self.context,
                store=self._state.store,
                vault=self.vault,
                tokens=self.tokens,
                availability=self.availability,
            ),
        )

    def _handing_over(self, config: model.Config, method: auth.Method) -> "HandingOver | None":
        """Return the service that writes the hand-over file, if one is configured."""
        state = self._state
        if state.handover is None:
            return None
        from injector.runtime.handing_over import HandingOver  # only with `cache.persist`

        return HandingOver(
            state.handover,
            self.context,
            config=config,
            store=state.store,
            tokens=self.tokens,
            ledger=state.ledger,
            outputs=self.outputs,
            method=method,
            dirty=state.dirty,
            forget_unwanted=self.watch.forget_unwanted,
        )

    def _method(self, loaded: Loaded) -> tuple[model.Method, auth.Method]:
        """Return the login method, which outlives a reload, and what describes it."""
        state, settings = self._state, loaded.config.auto_auth
        if settings is None:  # the loader has made sure that the environment has a token
            return auth.method_of_token(loaded.token, state.redactor)
        if state.method is None:
            state.method = auth.method(
                settings.method, log=state.log, metrics=state.metrics, redactor=state.redactor
            )
            if isinstance(state.method, auth.Remembers):
                state.method.secret_id = state.secret_id
        return settings.method, state.method


def tidy(output: Output[Any], *, can_go_back: bool) -> None:
    """When an output ends: remove replaced content, and what no rollback needs."""
    if not can_go_back:
        output.destination.accept()
    with suppress(WriteError):  # the next start tries again
        output.destination.close()
