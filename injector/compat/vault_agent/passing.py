"""Passes requests on to Vault, as the agents' listeners do. Answers are not kept."""

import asyncio
import posixpath
from ipaddress import ip_address
from typing import Any

import msgspec
from aiohttp import http_parser, web, web_protocol

from injector.compat.vault_agent.requests import Passing
from injector.errors import InjectorError
from injector.log import Logger
from injector.vault import Tokens, Transport
from injector.vault.transport import Request

TOKEN, BEARER = "X-Vault-Token", "Bearer "
REQUEST_HEADER = "X-Vault-Request"
# What belongs to one connection only, or is made anew for the other one.
_OF_THE_CONNECTION = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "host", "content-length", "content-encoding", "accept-encoding", "date"),
    )
)
_NOT_PASSED = _OF_THE_CONNECTION | {"authorization", TOKEN.lower()}
# Who asks for these gets the token itself, wherever it is mounted in a namespace.
_ABOUT_ITSELF = tuple(
    f"/auth/token/{what}" for what in ("lookup-self", "renew-self", "lookup", "renew")
)
_WRAPPED = "X-Vault-Wrap-TTL"


def passage(
    passing: Passing, index: int, transport: Transport, tokens: Tokens, log: Logger
) -> "Passage | None":
    """Return the way to Vault of one listener; None if it passes nothing on."""
    passes, needs_header = passing.listeners[index]
    if not passes:
        return None
    return Passage(transport, tokens, log, gives=passing.gives, needs_header=needs_header)


class Passage:
    """One listener's way to Vault."""

    def __init__(
        self,
        transport: Transport,
        tokens: Tokens,
        log: Logger,
        *,
        gives: bool | str,
        needs_header: bool,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._log = log
        self._gives = gives
        self._needs_header = needs_header
        # The parser in C knows no LIST, which some clients of Vault send. Pinned by test_passing.
        web_protocol.HttpRequestParser = http_parser.HttpRequestParserPy  # type: ignore[attr-defined]

    def refusal(self, request: web.Request) -> web.Response | None:
        """Refuse what comes without the header that was asked for."""
        if self._needs_header and request.headers.get(REQUEST_HEADER) != "true":
            return _refused(412, f'missing "{REQUEST_HEADER}" header')
        return None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Let Vault answer what is not about ourselves."""
        if request.path.startswith("/agent/"):
            return _refused(404, "there is nothing at this path")
        token, is_ours = self._token(request)
        if refusal := _refusal(request, is_ours=is_ours):
            return refusal
        if not token and self._gives:
            return _refused(503, "there is no token yet: the login has not succeeded")
        try:
            async with asyncio.timeout(self._transport.settings.timeout):
                body = await request.read()
        except TimeoutError:
            return _refused(408, "the request was not complete in time")
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_PASSED
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
        if self._gives and (self._gives == "force" or not theirs):
            return self._ours(), True
        return theirs, bool(theirs) and theirs == self._ours()

    def _ours(self) -> str:
        held = self._tokens.held
        return held.value if held is not None else ""


def _refusal(request: web.Request, *, is_ours: bool) -> web.Response | None:
    """Refuse what would let our token out; None if it would not."""
    if not request.raw_path.startswith("/"):  # what stands there would be a part of the host
        return _refused(400, "ask for a path: this is no proxy to other hosts")
    if is_ours and _is_of_a_page(request):
        return _refused(
            403,
            "the token of the login is not for pages in a browser; programs of this machine ask "
            "by address, or as localhost",
        )
    if is_ours and _WRAPPED in request.headers and _is_about_itself(request.path):
        return _refused(403, "the token of the login is not given away, wrapped neither")
    return None


def _is_of_a_page(request: web.Request) -> bool:
    """Tell whether a browser asks, for a page of whoever wrote that.

    It says so itself, but not where the page's own name has come to lead to this machine.
    """
    if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
        return True
    bound = request.get_extra_info("sockname")
    if not isinstance(bound, tuple) or not ip_address(bound[0]).is_loopback:
        return False
    host = request.url.host or ""
    try:
        ip_address(host)
    except ValueError:
        return host != "localhost"
    return False


def _engine_of(path: str) -> str:
    """Return the beginning of a path: at its end may be a lease id, or a token."""
    return "/".join(path.split("/")[:4])


def _is_about_itself(path: str) -> bool:
    return posixpath.normpath(path).endswith(_ABOUT_ITSELF)


def _without(token: str, body: bytes) -> bytes:
    """Take our token out of an answer, and what it is called: who may use it need not have it."""
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
    """Answer as Vault does, so that its clients understand."""
    return web.json_response({"errors": [why]}, status=status)
