"""Runs all online checks, and leaves nothing behind."""

from injector.base.context import Context
from injector.preflight.check import login
from injector.preflight.check.finding import Finding, exit_code, note
from injector.preflight.check.machine import check_machine
from injector.preflight.check.permissions import check_permissions
from injector.preflight.check.server import check_server
from injector.preflight.policy import Needs
from injector.runtime.plan import Plan
from injector.sources.vault import Transport, Vault

ADDRESS, LOGIN = ("vault", "address"), ("auto_auth", "method", "type")


async def check(
    plan: Plan,
    needs: Needs,
    context: Context,
    *,
    stranger: str,
    here: bool = True,
    use_secret_id: bool = False,
) -> list[Finding]:
    """Return all findings; without `here`, the configuration is for another machine.

    `stranger` is a name that does not exist in Vault.
    """
    transport = Transport.of(plan.config, context)
    try:
        found = [each.at(ADDRESS) for each in await check_server(transport, context.clock)]
        if exit_code(found):
            found.append(note("login", "not attempted, because the server is not available"))
        else:
            found += await _as_ourselves(
                plan, needs, context, transport, stranger=stranger, use_secret_id=use_secret_id
            )
    finally:
        await transport.reconnect()
    if here:
        found += await check_machine(plan.loaded, context.clock, context.environ)
    return found


async def _as_ourselves(
    plan: Plan,
    needs: Needs,
    context: Context,
    transport: Transport,
    *,
    stranger: str,
    use_secret_id: bool,
) -> list[Finding]:
    vault = Vault(transport, context.clock)
    token, found = await login.log_in(
        plan.loaded, vault, log=context.log, redactor=context.redactor, use_secret_id=use_secret_id
    )
    found = [each.at(LOGIN) for each in found]
    if token is None:
        return [*found, note("permissions", "not checked, because there is no token")]
    try:
        found += await check_permissions(transport, token, needs, stranger)
    finally:
        found += await login.give_back(token, vault)
    return found
