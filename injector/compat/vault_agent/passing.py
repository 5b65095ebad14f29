"""Passes requests on to Vault, as the agents' listeners do. Answers are not kept."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import http_parser, web, web_protocol

from injector.compat.vault_agent.requests import Passing
from injector.errors import InjectorError
from injector.log import Logger
from injector.vault import Tokens, Transport
from injector.vault.transport import Request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN, BEARER = "X-Vault-Token", "Bearer "
REQUEST_HEADER = "X-Vault-Request"
# What belongs to one connection only, or is made anew for the other one.
_OF_THE_CONNECTION = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "host", "content-length", "content-encoding", "accept-encoding", "date"),
    )
)
# Answers about the token itself, from which ours is taken out: path → where in the answer.
_ABOUT_ITSELF = {
    "/v1/auth/token/lookup-self": ("data", ("id", "accessor")),
    "/v1/auth/token/renew-self": ("auth", ("client_token", "accessor")),
    "/v1/auth/token/lookup": ("data", ("id", "accessor")),
    "/v1/auth/token/renew": ("auth", ("client_token", "accessor")),
}


def passage(
    passing: Passing, index: int, transport: Transport, tokens: Tokens, log: Logger
) -> "Passage | None":
    """Return the way to Vault of one listener; None if it passes nothing on."""
    passes, needs_header = passing.listeners[index]
    if not passes:
        return None
    return Passage(transport, tokens, log, gives=passing.gives, needs_header=needs_header)


class Passage:
    """One listener's way to Vault: what aiohttp calls a middleware."""

    __middleware_version__ = 1

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

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what is ours as ever, and let Vault answer the rest."""
        if self._needs_header and request.headers.get(REQUEST_HEADER) != "true":
            return _refused(412, f'missing "{REQUEST_HEADER}" header')
        is_ours = request.match_info.http_exception is None
        if is_ours or request.path.startswith("/agent/"):
            return await handler(request)
        return await self._pass_on(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        token, is_ours = self._token(request)
        if is_ours and "Origin" in request.headers:
            return _refused(403, "the token of the login is not for pages in a browser")
        if not token and self._gives:
            return _refused(503, "there is no token yet: the login has not succeeded")
        body = await request.read()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _OF_THE_CONNECTION and name.lower() != "authorization"
        }
        headers.pop(TOKEN, None)
        if token:
            headers[TOKEN] = token
        sent = Request(request.method, request.raw_path, "passed on", headers, body or None)
        try:
            reply = await self._transport.send(sent)
        except InjectorError as exc:
            return _refused(502, str(exc))
        self._log.debug("passed on", method=request.method, path=request.path, status=reply.status)
        content = reply.body
        if is_ours or _names(body, self._ours()):
            content = _without_token(request.path, content)
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


def _names(body: bytes, token: str) -> bool:
    """Tell whether a request is about this token."""
    return bool(token) and token.encode() in body


def _without_token(path: str, body: bytes) -> bytes:
    """Take the token out of an answer about itself: who may use it need not have it."""
    place = _ABOUT_ITSELF.get(path)
    if place is None:
        return body
    try:
        answer: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    block, names = place
    if isinstance(answer, dict) and isinstance(answer.get(block), dict):
        for name in names:
            answer[block].pop(name, None)
    return msgspec.json.encode(answer)


def _refused(status: int, why: str) -> web.Response:
    """Answer as Vault does, so that its clients understand."""
    return web.json_response({"errors": [why]}, status=status)
