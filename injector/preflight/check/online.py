"""Runs all online checks, and leaves nothing behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from injector.base.clock import Clock
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.preflight.check import login, machine, permissions, server
from injector.preflight.check.finding import Finding, exit_code, note
from injector.preflight.policy import Needs
from injector.runtime.plan import Plan
from injector.sources.vault import Transport, Vault

ADDRESS, LOGIN = ("vault", "address"), ("auto_auth", "method", "type")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a check works with; `stranger` is a name that does not exist in Vault."""

    clock: Clock
    log: Logger
    redactor: Redactor
    environ: Mapping[str, str] = field(repr=False)  # it may hold a token
    stranger: str


async def check(
    plan: Plan, needs: Needs, parts: Parts, *, here: bool = True, use_secret_id: bool = False
) -> list[Finding]:
    """Return all findings; without `here`, the configuration is for another machine."""
    transport = Transport(
        plan.config.vault,
        connections=plan.config.template_config.max_connections_per_host,
        clock=parts.clock,
        metrics=Metrics(),
        redact=parts.redactor.quote,
    )
    try:
        found = [each.at(ADDRESS) for each in await server.look(transport, parts.clock)]
        if exit_code(found):
            found.append(note("login", "not attempted, because the server is not available"))
        else:
            found += await _as_ourselves(plan, needs, parts, transport, use_secret_id=use_secret_id)
    finally:
        await transport.reconnect()
    if here:
        found += await machine.look(plan.loaded, parts.clock, parts.environ)
    return found


async def _as_ourselves(
    plan: Plan, needs: Needs, parts: Parts, transport: Transport, *, use_secret_id: bool
) -> list[Finding]:
    vault = Vault(transport, parts.clock)
    token, found = await login.log_in(
        plan.loaded, vault, log=parts.log, redactor=parts.redactor, use_secret_id=use_secret_id
    )
    found = [each.at(LOGIN) for each in found]
    if token is None:
        return [*found, note("permissions", "not checked, because there is no token")]
    try:
        found += await permissions.look(transport, token, needs, parts.stranger)
    finally:
        found += await login.give_back(token, vault)
    return found
