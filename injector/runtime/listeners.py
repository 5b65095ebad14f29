"""Creates the status servers: the configured ones, or the default socket."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from injector.base.log import Logger
from injector.config import Loaded, model
from injector.runtime.assembly import Assembly
from injector.runtime.state import ProcessState
from injector.sources.vault import Transport
from injector.status.sockets import Sockets

if TYPE_CHECKING:
    from injector.status.report import StatusReport
    from injector.status.server import ApiProxy, StatusServer

# Bytes of an answer that is forwarded to a client, who may ask for more than secrets.
LARGEST_FORWARDED = 64 * 2**20
DEFAULT = model.Listener(type="unix", address="/run/injector/injector.sock")


def listener_settings(loaded: Loaded, log: Logger) -> tuple[model.Listener, ...]:
    """Return the configured listeners, or the default one if its directory can be created."""
    found = loaded.config.listener
    return found if found or not loaded.behaviour.has_default_listener else _default(log)


def listeners(
    assembly: Assembly, state: ProcessState, sockets: Sockets, *, stop: Callable[[], None]
) -> "list[StatusServer]":
    """Return a server for each listener that is open."""
    if not sockets.listeners:
        return []
    # 15 ms that is saved without a listener.
    from injector.runtime.refresh import Refresh
    from injector.status.server import Actions, StatusServer

    report = status_report(assembly, state)
    actions = Actions(stop, Refresh(assembly, state))
    proxy = _api_proxy(assembly, state)
    return [
        StatusServer(
            listener,
            sockets.at(listener.address),
            report,
            actions,
            state.log,
            proxy(index),
        )
        for index, listener in enumerate(sockets.listeners)
    ]


def status_report(assembly: Assembly, state: ProcessState) -> "StatusReport":
    """Return the status report of a running assembly."""
    from injector.status.place import here
    from injector.status.report import StatusReport

    redact = state.redactor.proofread
    return StatusReport(
        clock=state.clock,
        health=assembly.health,
        metrics=state.metrics,
        store=state.store,
        rotations=state.rotations,
        ledger=state.ledger,
        tokens=assembly.tokens,
        auth=assembly.auth,
        watch=assembly.watch,
        delivery=assembly.delivery,
        journal=assembly.journal,
        redact=redact,
        address=assembly.loaded.config.vault.address,
        configuration=lambda: state.last_reload.report,
        expired=assembly.readiness.expired,
        place=here(state.environ),
        not_ready=lambda: list(map(redact, assembly.readiness.reasons())),
        command=None if state.command is None else state.command.facts,
        started_at=state.started_at,
    )


def _api_proxy(assembly: Assembly, state: ProcessState) -> "Callable[[int], ApiProxy | None]":
    """Return what makes a listener's proxy to Vault, which has connections of its own."""
    settings = assembly.loaded.api_proxy
    if settings is None:
        return lambda _: None
    from injector.dialects.vault_agent.api_proxy import listener_proxies  # only the agents have it

    transport = Transport.of(assembly.loaded.config, assembly.context, largest=LARGEST_FORWARDED)
    assembly.more_transports.append(transport)

    return listener_proxies(settings, transport, assembly.tokens, state.log)


def _default(log: Logger) -> tuple[model.Listener, ...]:
    directory = os.path.dirname(DEFAULT.address)
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        usable = os.access(directory, os.W_OK)
    except OSError:
        usable = False
    if usable:
        return (DEFAULT,)
    log.info(
        "no listener: none is configured, and the default socket cannot be created",
        directory=directory,
    )
    return ()
