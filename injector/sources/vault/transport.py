"""Carries requests to Vault: connections, redirects and deadlines. Knows no API."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec
from yarl import URL

from injector.base import lean
from injector.base.clock import Clock
from injector.base.context import Context
from injector.base.errors import TransientError, Unreachable
from injector.base.metrics import Metrics
from injector.config import model
from injector.rendering.formats.spelled import spelled
from injector.sources.vault.tls import advice, reason, tls_context, trusted

with lean.without_authorities():  # `tls` reads them, if and when they are needed
    import aiohttp
    from aiohttp.connector import BaseConnector

CONNECT_TIMEOUT = 5.0  # seconds; the whole request has `vault.timeout`
CONNECTION_AGE = 30.0  # seconds an idle connection is kept, so that a moved address is noticed
_DECODER = msgspec.json.Decoder(float_hook=spelled)

# A secret is a few KiB. Vault itself stores at most 1 MiB by default; what is larger than this is
# no secret, and would only cost memory, and time in which nothing else is done.
LARGEST = 4 * 2**20
REDIRECTS = 3  # a standby names the active node, and that may have changed meanwhile


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `operation` is its name in the metrics."""

    method: str
    url: str
    operation: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


# What Go, and so Vault, answers to plain HTTP on a port for TLS.
NOT_BY_TLS = b"Client sent an HTTP request to an HTTPS server"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. The body may hold secrets: it is never part of an error."""

    sent: float  # when it was asked for, on our clock
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """Return the body as a mapping; raise Unreachable where a proxy or a cut answered."""
        if (decoded := self._decoded()) is None:
            raise Unreachable(
                f"the answer ({self.status}, {len(self.body)} bytes) is not Vault's JSON: "
                "is `vault.address` right, or is there a proxy in between?"
            )
        return decoded

    def says(self, key: str) -> bool:
        """Return whether the body is a mapping with this key."""
        return key in (self._decoded() or ())

    def _decoded(self) -> dict[str, Any] | None:
        try:
            decoded = _DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return decoded if isinstance(decoded, dict) else None


class Transport:
    """One pool of connections to one address.

    `redact` masks what the other side says, and cuts it short: it may quote what it was sent.
    `largest` is how many bytes an answer may have.
    """

    def __init__(
        self,
        settings: model.Vault,
        *,
        connections: int,
        clock: Clock,
        metrics: Metrics,
        redact: Callable[[str], str],
        largest: int | None = None,
    ) -> None:
        self.settings = settings
        self._largest = largest or LARGEST
        self.redact = redact
        self._clock = clock
        self._metrics = metrics
        self._turns = asyncio.Semaphore(connections)
        # One more for the token: no number of hanging reads may keep it from being renewed.
        self._connections = connections + 1
        self._unix = (
            settings.address.removeprefix("unix://") if settings.address.startswith("unix:") else ""
        )
        self.base = "http://localhost" if self._unix else settings.address.rstrip("/")
        self.proxy = _proxy_for(self.base) if not self._unix else None
        self._by_tls = "https" in {urlsplit(url).scheme for url in (self.base, self.proxy or "")}
        self._session: aiohttp.ClientSession | None = None
        self._in_flight: Counter[aiohttp.ClientSession] = Counter()

    @classmethod
    def of(
        cls, config: model.Config, context: Context, *, largest: int | None = None
    ) -> "Transport":
        """Return a pool of connections to the server that the configuration names."""
        return cls(
            config.vault,
            connections=config.template_config.max_connections_per_host,
            clock=context.clock,
            metrics=context.metrics,
            redact=context.redactor.quote,
            largest=largest,
        )

    async def send(
        self, request: Request, *, in_turn: bool = True, within: float | None = None
    ) -> Reply:
        """Send one request and read the whole answer.

        Those that are not sent `in_turn` do not queue behind the others. Nothing is sent twice.
        Raises Unreachable when there is no answer `within` so many seconds, at most
        `vault.timeout`.
        """
        longest = min(within or self.settings.timeout, self.settings.timeout)
        if not in_turn:
            return await self._send(request, longest)
        async with self._turns:  # outside of the deadline: waiting for a turn is not Vault's fault
            return await self._send(request, longest)

    async def _send(self, request: Request, longest: float) -> Reply:
        started = self._clock.now()
        code = "none"
        try:
            async with self._clock.deadline(longest):
                reply = await self._follow(request, started)
            code = str(reply.status)
        except aiohttp.ConnectionTimeoutError as exc:
            await self.reconnect()
            raise Unreachable(
                f"no connection to {self.base} within {CONNECT_TIMEOUT:g} s; is there a firewall, "
                "or is `vault.address` wrong?",
                undone=True,
            ) from exc
        except TimeoutError as exc:
            raise Unreachable(
                f"no answer from {self.base} within {longest:g} s; look at Vault's log, or raise "
                "`vault.timeout`"
            ) from exc
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
        ) as exc:  # ValueError: of odd names and URLs
            await self.reconnect()
            not_sent = isinstance(exc, aiohttp.ClientConnectorError)
            raise Unreachable(_describe(exc, self.settings, self.base), undone=not_sent) from exc
        finally:
            self._metrics.vault_requests.add(request.operation, code)
            self._metrics.vault_request_seconds.observe(self._clock.now() - started)
        return reply

    def presenting(self, certificate: str, key: str) -> "Transport":
        """Return a separate transport to the same server, which presents this certificate."""
        settings = msgspec.structs.replace(self.settings, client_cert=certificate, client_key=key)
        return Transport(
            settings,
            connections=1,
            clock=self._clock,
            metrics=self._metrics,
            redact=self.redact,
        )

    async def reconnect(self) -> None:
        """Let the next request read certificates and resolve names again.

        What is under way keeps its connection: it may be issuing a credential.
        """
        session, self._session = self._session, None
        if session is not None and not self._in_flight[session]:
            await session.close()

    async def _follow(self, request: Request, sent: float) -> Reply:
        if not request.url.startswith("/"):
            raise ValueError("a path begins with /")  # or it would be a part of the host's name
        target = self.base + request.url
        for _ in range(REDIRECTS):
            reply = await self._once(request, target, sent)
            if reply.status not in (301, 302, 307, 308):
                return reply
            location = urljoin(target, reply.headers.get("Location", ""))
            if not _same_service(target, location):
                raise Unreachable(
                    f"{self.base} redirects to {self.redact(_origin(location))}, which is not "
                    "followed: the token would go to another host; set `vault.address` to the "
                    "active node or a load balancer"
                )
            if not _same_path(target, location):
                raise Unreachable(
                    f"{self.base} redirects to another path, which is not followed: it would be "
                    "another secret; set `vault.address` to Vault itself, without a path"
                )
            target = location
        raise Unreachable(
            f"{self.base} redirects in circles; set `vault.address` to the active node"
        )

    async def _once(self, request: Request, target: str, sent: float) -> Reply:
        session = self._session or self._open()
        self._in_flight[session] += 1
        try:
            async with session.request(
                request.method,
                URL(target, encoded=True),
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                proxy=self.proxy,
                server_hostname=self.settings.tls_server_name or None,
            ) as response:
                body = await self._whole(response)
                if body.startswith(NOT_BY_TLS):
                    raise Unreachable(f"{self.base} expects TLS; write https:// in `vault.address`")
                return Reply(sent, response.status, response.headers, body)
        finally:
            self._in_flight[session] -= 1
            if not self._in_flight[session]:
                del self._in_flight[session]
                if session is not self._session:
                    await session.close()

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the body; raises TransientError if it is, or decompresses to, too much."""
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > self._largest:
                raise TransientError(
                    f"the answer of {self.base} is larger than {self._largest >> 20} MiB, which is "
                    "the limit: divide the secret; or is `vault.address` wrong, or a proxy in "
                    "between?"
                )
        return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        connector: BaseConnector
        if self._unix:
            connector = aiohttp.UnixConnector(self._unix, limit=self._connections)
        else:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                ssl=tls_context(self.settings) if self._by_tls else True,
                keepalive_timeout=CONNECTION_AGE,
                ttl_dns_cache=10,
            )
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_TIMEOUT),
            # Vault has no cookies, and a shared jar would be one more place for state.
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # aiohttp re-sends a GET or PUT by itself when a kept connection turns out closed: one call
        # could issue two credentials. Pinned by tests/sources/test_vault.py.
        session._retry_connection = False  # noqa: SLF001
        self._session = session
        return session


def _describe(exc: Exception, settings: model.Vault, base: str) -> str:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"TLS with {base} failed, trusting {trusted(settings)}: {reason(exc)}; {advice(exc)}"
    if isinstance(exc, aiohttp.ClientHttpProxyError):  # its own words hold the proxy's password
        return (
            f"cannot reach {base}: the proxy of the environment answered {exc.status}; let it "
            "through, or name the host in NO_PROXY"
        )
    return f"cannot reach {base}: {reason(exc)}; is `vault.address` right, and Vault running there?"


def _proxy_for(base: str) -> str | None:
    parts = urlsplit(base)
    if not parts.hostname or _is_loopback(parts.hostname) or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


def _is_loopback(host: str) -> bool:
    """Return whether this host is never reached through a proxy, as in Go.

    The proxy would take it for its own machine, and whatever listens there would get the token.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _same_path(before: str, after: str) -> bool:
    """Return whether a redirect leads to what was asked for, perhaps below a proxy's own path."""
    a, b = (re.sub("/+", "/", unquote(urlsplit(url).path)).rstrip("/") for url in (before, after))
    return b.endswith(a)


def _same_service(before: str, after: str) -> bool:
    """Return whether a token may follow a redirect: only to the very same host, port and scheme."""
    a, b = urlsplit(before), urlsplit(after)
    return a.hostname == b.hostname and a.port == b.port and a.scheme == b.scheme
