"""Checks the server: its name, its certificate, its state, its clock."""

import asyncio
import contextlib
import email.utils
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from injector.base.clock import Clock
from injector.base.errors import InjectorError, TransientError, unreachable
from injector.config import model
from injector.preflight.check import certificate
from injector.preflight.check.finding import Finding, Level, note, ok, problem, warning
from injector.sources.vault import Transport
from injector.sources.vault.inspection import State, state
from injector.sources.vault.tls import tls_context
from injector.sources.vault.transport import CONNECT_TIMEOUT

# A clock that is off by more than this, in seconds, makes new JWTs and certificates invalid.
SKEW = 30.0
HTTPS_PORT, HTTP_PORT = 443, 80


async def check_server(transport: Transport, clock: Clock) -> list[Finding]:
    """Check one thing after another, up to the first failure that prevents the next."""
    found: list[Finding] = []
    for step in (_name, _connection, _state):
        found += await step(transport, clock)
        if any(finding.level is Level.PROBLEM for finding in found):
            break
    return found


async def _name(transport: Transport, clock: Clock) -> list[Finding]:
    host = urlsplit(transport.settings.address).hostname
    if not host or _is_number(host):
        return []
    if transport.proxy:
        proxy = urlsplit(transport.proxy).hostname or "of the environment"
        return [note("name", f"{host} is looked up by the proxy {proxy}")]
    loop = asyncio.get_running_loop()
    try:
        async with clock.deadline(CONNECT_TIMEOUT):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        why = f"no answer within {CONNECT_TIMEOUT:g} s"
    except OSError as exc:
        why = exc.strerror or str(exc)
    else:
        addresses = dict.fromkeys(str(where[0]) for *_, where in found)
        return [ok("name", f"{host} is {', '.join(addresses)}")]
    remedy = "write `vault.address` so that this machine can resolve it"
    return [problem("name", f"{host} cannot be looked up: {why}", remedy, like=TransientError)]


async def _connection(transport: Transport, clock: Clock) -> list[Finding]:
    """Connect as the transport does, and check the certificate; impossible through a proxy."""
    if transport.proxy:
        return []
    settings = transport.settings
    try:
        async with clock.deadline(CONNECT_TIMEOUT):
            shown = await _handshake(settings)
    except (InjectorError, OSError) as exc:
        return [_no_connection(exc, settings)]
    if not settings.address.startswith("https:") or settings.tls_skip_verify:
        return []  # the loader has warned of it
    return [certificate.judge(shown, settings, clock.wall())]


def _no_connection(exc: InjectorError | OSError, settings: model.Vault) -> Finding:
    where = settings.address
    match exc:
        case InjectorError():  # it names the file
            return problem(certificate.ABOUT, str(exc), like=exc)
        case ssl.SSLError():
            return certificate.refused(exc, settings)
        case TimeoutError():
            text = f"no connection to {where} within {CONNECT_TIMEOUT:g} s"
            remedy = "a firewall or a network policy in between, or the wrong address"
            return problem("server", text, remedy, like=TransientError)
    text = f"cannot connect to {where}: {unreachable(exc)}"
    return problem("server", text, "is Vault running there?", like=TransientError)


async def _handshake(settings: model.Vault) -> Mapping[str, Any]:
    parts = urlsplit(settings.address)
    if parts.scheme == "unix":
        _, writer = await asyncio.open_unix_connection(parts.path)
    elif parts.scheme == "https":
        _, writer = await asyncio.open_connection(
            parts.hostname,
            parts.port or HTTPS_PORT,
            ssl=tls_context(settings),
            server_hostname=settings.tls_server_name or parts.hostname,
        )
    else:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port or HTTP_PORT)
    shown = writer.get_extra_info("peercert") or {}
    writer.close()
    with contextlib.suppress(OSError):  # the connection is not used further
        await writer.wait_closed()
    return shown


async def _state(transport: Transport, clock: Clock) -> list[Finding]:
    asked_at = clock.wall()
    try:
        found, date = await state(transport)
    except TransientError as exc:
        return [problem("server", str(exc), like=exc)]
    except InjectorError as exc:
        text = f"its state is unknown: {exc}"
        return [warning("server", text, "let `sys/health` through to Vault")]
    return [judge_state(found), *judge_clock(date, (asked_at + clock.wall()) / 2)]


def judge_state(found: State) -> Finding:
    """Decide whether this server will serve requests."""
    version = f"version {found.version or '?'}"
    if not found.initialized:
        text, remedy = "it is not initialized", "run `vault operator init` there"
    elif found.sealed:
        text, remedy = "it is sealed", "run `vault operator unseal` there"
    elif found.replication_dr_mode == "secondary":
        text = "it is a disaster-recovery secondary, which serves no requests"
        remedy = "set `vault.address` to the primary"
    elif found.standby:
        return ok("server", f"{version}, a standby that forwards requests")
    else:
        return ok("server", f"{version}, active")
    return problem("server", f"{version}: {text}", remedy, like=TransientError)


def judge_clock(date: str, now: float) -> list[Finding]:
    """Compare our wall clock with the Date of a response, which has no fractions of a second."""
    try:
        ahead = now - email.utils.parsedate_to_datetime(date).timestamp() - 0.5
    except (TypeError, ValueError):
        return [note("clock", "the answer has no date to compare with")]
    if abs(ahead) <= SKEW:
        return [ok("clock", f"within {SKEW:g} s of the server's")]
    text = f"this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server"
    remedy = "run NTP on both: JWTs and certificates are valid only for a limited time"
    return [warning("clock", text, remedy)]


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
