"""Forwards requests to Vault, like the agents' listeners. Answers are not cached."""

import asyncio
import posixpath
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.http_parser import HttpRequestParserPy
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler, RequestPayloadError

from injector.base.errors import InjectorError
from injector.base.log import Logger
from injector.config.behaviour import ApiProxySettings
from injector.dialects.vault_agent.bodies import Bodies, NoRoom
from injector.sources.vault import Tokens, Transport
from injector.sources.vault.transport import Request

TOKEN, BEARER = "X-Vault-Token", "Bearer "
REQUEST_HEADER = "X-Vault-Request"
# Headers that belong to one connection only, or are set again for the other one.
_OF_THE_CONNECTION = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "host", "content-length", "content-encoding", "accept-encoding", "date"),
    )
)
_NOT_FORWARDED = _OF_THE_CONNECTION | {"authorization", TOKEN.lower()}
# Requests whose answers contain the token itself, in any namespace.
_ABOUT_ITSELF = tuple(
    f"/auth/token/{what}" for what in ("lookup-self", "renew-self", "lookup", "renew")
)
_WRAPPED = "X-Vault-Wrap-TTL"


def listener_proxies(
    settings: ApiProxySettings, transport: Transport, tokens: Tokens, log: Logger
) -> "Callable[[int], ListenerProxy | None]":
    """Return what makes the proxy of each listener; None for one that forwards nothing."""
    bodies = Bodies()

    def of(index: int) -> ListenerProxy | None:
        forwards, needs_header = settings.listeners[index]
        if not forwards:
            return None
        return ListenerProxy(
            settings, transport, tokens, log, bodies=bodies, needs_header=needs_header
        )

    return of


class ListenerProxy:
    """Forwards the requests to one listener."""

    def __init__(
        self,
        settings: ApiProxySettings,
        transport: Transport,
        tokens: Tokens,
        log: Logger,
        *,
        bodies: Bodies,
        needs_header: bool,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._tokens = tokens
        self._log = log
        self._bodies = bodies
        self._needs_header = needs_header

    def prepare(self, connection: RequestHandler) -> None:
        """Let a new connection send LIST, which some clients of Vault do.

        aiohttp's parser in C rejects it, and no argument replaces that parser. Pinned by
        test_api_proxy.
        """
        connection._parser = HttpRequestParserPy(  # noqa: SLF001
            connection,
            asyncio.get_running_loop(),
            2**16,
            max_line_size=connection.max_line_size,
            max_field_size=connection.max_field_size,
            max_headers=connection.max_headers,
            payload_exception=RequestPayloadError,
            max_msg_queue_size=MAX_MSG_QUEUE_SIZE,
        )

    def refusal(self, request: web.Request) -> web.Response | None:
        """Reject a request without the required header."""
        if self._needs_header and request.headers.get(REQUEST_HEADER) != "true":
            return _refused(412, f'missing "{REQUEST_HEADER}" header')
        return None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Let Vault answer what is not about the agent itself."""
        if request.path.startswith("/agent/"):
            return _refused(404, "no handler for this path")
        token, is_ours = self._token(request)
        if refusal := _refusal(request, is_ours=is_ours):
            return refusal
        if not token and self._settings.use_auto_auth_token:
            return _refused(503, "there is no token yet: the login has not succeeded")
        with self._bodies.room() as room:
            try:
                async with asyncio.timeout(self._transport.settings.timeout):
                    body = await room.read(request)
            except (TimeoutError, ConnectionError):  # the client has hung up, and reads nothing
                return _refused(408, "the request body did not arrive in time")
            except NoRoom:
                return _refused(503, "too many large requests at the same time: try again later")
            return await self._forward(request, body, token, is_ours=is_ours)

    async def _forward(
        self, request: web.Request, body: bytes, token: str, *, is_ours: bool
    ) -> web.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_FORWARDED
        }
        if token:
            headers[TOKEN] = token
        sent = Request(request.method, request.raw_path, "passed on", headers, body or None)
        try:
            reply = await self._transport.send(sent)
        except InjectorError as exc:
            return _refused(502, str(exc))
        about = _engine_of(request.path)
        self._log.debug("passed on", method=request.method, about=about, status=reply.status)
        content = _without(token if is_ours else self._ours(), reply.body)
        kept = [(n, v) for n, v in reply.headers.items() if n.lower() not in _OF_THE_CONNECTION]
        return web.Response(status=reply.status, headers=kept, body=content)

    def _token(self, request: web.Request) -> tuple[str, bool]:
        """Return the token to send, and whether it is ours."""
        theirs = request.headers.get(TOKEN, "")
        authorization = request.headers.get("Authorization", "")
        if not theirs and authorization.startswith(BEARER):
            theirs = authorization.removeprefix(BEARER)
        if self._settings.use_auto_auth_token and (self._settings.force or not theirs):
            return self._ours(), True
        return theirs, bool(theirs) and theirs == self._ours()

    def _ours(self) -> str:
        held = self._tokens.held
        return held.value if held is not None else ""


def _refusal(request: web.Request, *, is_ours: bool) -> web.Response | None:
    """Reject a request that would reveal our token; None if it would not."""
    if not request.raw_path.startswith("/"):  # it would become part of the host
        return _refused(400, "request a path: this is not a proxy to other hosts")
    if is_ours and _is_of_a_page(request):
        return _refused(
            403,
            "web pages cannot use the token of the login; programs on this machine must use an "
            "IP address or localhost",
        )
    if is_ours and _WRAPPED in request.headers and _is_about_itself(request.path):
        return _refused(403, "the token of the login is not disclosed, not even wrapped")
    return None


def _is_of_a_page(request: web.Request) -> bool:
    """Return whether the request comes from a web page, which a stranger may have written.

    Browsers say so, except if the page's own host name has been changed to resolve to this machine.
    """
    if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
        return True
    bound = request.get_extra_info("sockname")
    if not isinstance(bound, tuple) or not _is_loopback(bound[0]):
        return False
    host = ""
    try:
        # Not `request.url`: where there is no `Host` it asks a name server for our own name.
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
        ip_address(host)
    except ValueError:
        return host != "localhost"
    return False


def _is_loopback(address: str) -> bool:
    """Return whether an address is of this machine only; a socket for IPv6 serves IPv4, too."""
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


def _engine_of(path: str) -> str:
    """Return the beginning of a path: its end may be a lease id or a token."""
    return "/".join(path.split("/")[:4])


def _is_about_itself(path: str) -> bool:
    return posixpath.normpath(path).endswith(_ABOUT_ITSELF)


def _without(token: str, body: bytes) -> bytes:
    """Remove our token and its accessor from an answer: clients may use it, but not see it."""
    if not token or token.encode() not in body:
        return body
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.replace(token.encode(), b"")
    return msgspec.json.encode(_pruned(token, answer))


def _pruned(token: str, value: Any) -> Any:
    if isinstance(value, dict):
        about_it = token in value.values()
        return {
            name: _pruned(token, item)
            for name, item in value.items()
            if item != token and not (about_it and name == "accessor")
        }
    if isinstance(value, list):
        return [_pruned(token, item) for item in value if item != token]
    return value.replace(token, "") if isinstance(value, str) else value


def _refused(status: int, why: str) -> web.Response:
    """Answer like Vault, so that its clients understand it."""
    return web.json_response({"errors": [why]}, status=status)
