"""Stands between the program and the real server; tests break it for a while."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Proxy:
    """Counts requests, and answers some of them itself.

    `script` is used up first, one entry a request: a status, a ready answer, or "reset" to drop the
    connection. Then `answer`, which sees the request, and `status` (an outage); `held` paths hang
    until the client gives up. A `gateway` has lost its backend: it stays up, and says so with this
    status and a page of its own.
    """

    upstream: str
    address: str = ""
    status: int | None = None
    gateway: int | None = None
    answer: Answer | None = None
    script: list[int | str | web.Response] = field(default_factory=list)
    only: str = ""  # faults apply to paths that contain this
    held: str = ""
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    meanwhile: Callable[[web.Request], object] = lambda _: None  # before the server's answer
    session: aiohttp.ClientSession | None = None

    def count(self, part: str) -> int:
        return sum(part in request for request in self.requests)

    def by_path(self) -> Counter[str]:
        return Counter(self.requests)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._handle(request)
        finally:
            self.in_flight -= 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path_qs}")
        self.tokens.append(request.headers.get("X-Vault-Token", ""))
        self.namespaces.append(request.headers.get("X-Vault-Namespace", ""))
        if self.held and self.held in request.path:
            self.holding.set()
            await asyncio.Event().wait()
        if self.only in request.path:
            if self.script:
                return self._scripted(self.script.pop(0), request)
            if self.answer is not None:
                return await self.answer(request)
            if self.status is not None:
                return self._scripted(self.status, request)
            if self.gateway is not None:
                return page(self.gateway)
        answer = await self._forward(request)
        self.meanwhile(request)
        return answer

    def _scripted(self, what: int | str | web.Response, request: web.Request) -> web.StreamResponse:
        if what == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(what, int):
            return web.json_response({"errors": ["made up"]}, status=what)
        assert isinstance(what, web.Response)
        return what

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        assert self.session is not None
        async with self.session.request(
            request.method,
            self.upstream + request.path_qs,
            headers={k: v for k, v in request.headers.items() if k.startswith("X-Vault")},
            data=await request.read(),
        ) as answer:
            return web.Response(
                body=await answer.read(),
                status=answer.status,
                content_type=answer.content_type,
                headers={k: v for k, v in answer.headers.items() if k in ("Date", "Retry-After")},
            )


def page(status: int) -> web.Response:
    """Return what a load balancer says by itself."""
    text = f"<html><h1>{status}</h1><hr>nginx</html>"
    return web.Response(text=text, status=status, content_type="text/html")


class Gate:
    """Lets the server do what it is asked for at a path, and holds its answer back."""

    def __init__(self, proxy: Proxy, only: str) -> None:
        self._proxy = proxy
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        proxy.only, proxy.answer = only, self._answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = await self._proxy._forward(request)
        self.reached.set()
        await self.open.wait()
        return answer


@contextlib.asynccontextmanager
async def proxying(
    upstream: str, *, tls: ssl.SSLContext | None = None, unix: str = ""
) -> AsyncIterator[Proxy]:
    """Serve until the block ends; `tls` may be changed meanwhile, for new connections."""
    proxy = Proxy(upstream)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", proxy.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    async with aiohttp.ClientSession(auto_decompress=False) as proxy.session:
        await runner.setup()
        if unix:
            await web.UnixSite(runner, unix).start()
            proxy.address = f"unix://{unix}"
        else:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
            host, port = runner.addresses[0]
            proxy.address = f"http{'s' if tls else ''}://{host}:{port}"
        try:
            yield proxy
        finally:
            await runner.cleanup()
