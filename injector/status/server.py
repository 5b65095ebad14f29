"""The listeners: a unix socket for this machine, TCP if configured."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from injector.base.errors import MissingError
from injector.base.log import Logger
from injector.config import model
from injector.config.leaves import duration_of
from injector.config.problem import Wrong
from injector.status.connection_limit import ConnectionLimit, Handler
from injector.status.malformed import ServerLog
from injector.status.refreshed import Refreshed, as_json, http_status
from injector.status.report import StatusReport
from injector.status.sockets import name_of, same_user, tls_context

# How long a refresh waits for delivery by default, and at most, seconds.
DEFAULT_WAIT, LONGEST_WAIT = "30s", 600.0


@dataclass(frozen=True, slots=True)
class Actions:
    """What a request may trigger."""

    quit: Callable[[], None]
    refresh: Callable[[Sequence[str], float], Awaitable[list[Refreshed]]]


class ApiProxy(Protocol):
    """Answers requests that the status server itself does not, by forwarding them."""

    def prepare(self, connection: RequestHandler) -> None:
        """Prepare a connection that was just accepted."""

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return why a request is refused altogether; None if it is not."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request with any other path or method."""


class StatusServer:
    """One listener of the configuration. Answers from what other parts have reported."""

    name = "status"

    def __init__(
        self,
        listener: model.Listener,
        bound: socket.socket,
        report: StatusReport,
        actions: Actions,
        log: Logger,
        api_proxy: ApiProxy | None = None,
    ) -> None:
        """Serve one listener on its socket; `api_proxy` may answer what this does not."""
        self._listener = listener
        self._bound = bound
        self._api_proxy = api_proxy
        self._report = report
        self._actions = actions
        self._log = log

    async def run(self) -> None:
        """Serve. Runs until cancelled; raises ConfigError if its certificate cannot be used."""
        with self._bound as bound:
            prepare = self._api_proxy.prepare if self._api_proxy is not None else None
            connections = ConnectionLimit(bound, tls_context(self._listener), prepare)
            runner = web.AppRunner(
                self._app(connections),
                handle_signals=False,
                access_log=None,
                logger=ServerLog(self._log, self._report.clock),
                shutdown_timeout=0.5,
            )
            await runner.setup()
            assert runner.server is not None
            connections.accept(runner.server)
            try:
                self._log.info("listening", type=self._listener.type, address=name_of(bound))
                await asyncio.Event().wait()  # until cancelled
            finally:
                await connections.leave(runner.server)
                await runner.cleanup()

    def _app(self, connections: ConnectionLimit) -> web.Application:
        # Routes, and no middlewares: aiohttp keeps each handler of an application that has those,
        # and with it all that the handler knows, long after a reload. Pinned by test_in_flight.
        app = web.Application()
        app.on_response_prepare.append(_without_server)
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/", self._page),
            ("GET", "/livez", self._live),
            ("GET", "/readyz", self._ready),
            ("GET", "/status", self._status),
            ("GET", "/metrics", self._metrics),
            ("GET", "/agent/v1/metrics", self._metrics),
            ("POST", "/refresh", self._refresh),
            ("POST", "/quit", self._quit),
            ("POST", "/agent/v1/quit", self._quit),
        ]
        if self._api_proxy is not None:
            routes.append(("*", "/{path:.*}", self._api_proxy.answer))
        for method, path, handler in routes:
            answer = connections.serving(self._admitting(handler))
            if method == "GET":
                app.router.add_get(path, answer)
            else:
                app.router.add_route(method, path, answer)
        return app

    def _admitting(self, handler: Handler) -> Handler:
        """Return a handler that is called only if `api_proxy` does not refuse the request."""
        api_proxy = self._api_proxy
        if api_proxy is None:
            return handler

        async def admit(request: web.Request) -> web.StreamResponse:
            return api_proxy.refusal(request) or await handler(request)

        return admit

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")  # answered by the loop that does the work: so it is alive

    async def _ready(self, _: web.Request) -> web.Response:
        if reasons := self._report.not_ready():
            return web.Response(status=503, text="".join(f"{reason}\n" for reason in reasons))
        return web.Response(text="ok\n")

    async def _page(self, request: web.Request) -> web.Response:
        # Imported on first use, like metrics: often never.
        from injector.status.page import LONGEST_REFRESH, REFRESH, headers, page

        asked = request.query.get("refresh", "")
        # Python refuses numbers of thousands of digits.
        refresh = min(int(asked[:9]), LONGEST_REFRESH) if asked.isdecimal() else REFRESH
        unfolded = request.query.get("all", "0") != "0"
        text = page(self._report.as_json(), refresh=refresh, unfolded=unfolded)
        return web.Response(text=text, content_type="text/html", headers=headers())

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self._report.as_json())

    async def _metrics(self, request: web.Request) -> web.Response:
        # Imported on first use: 30 ms and a megabyte that are often not needed.
        from injector.status.exposition import exposition

        self._report.measure()
        body, content_type = exposition(self._report.metrics, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _refresh(self, request: web.Request) -> web.Response:
        api = self._listener.agent_api
        if refusal := _refusal(request, enabled=api.enable_refresh, flag="enable_refresh"):
            return refusal
        try:
            within = min(duration_of(request.query.get("timeout", DEFAULT_WAIT)), LONGEST_WAIT)
            answers = await self._actions.refresh(request.query.getall("secret", []), within)
        except Wrong as exc:
            return web.Response(status=400, text=f"timeout: {exc}\n")
        except MissingError as exc:
            return web.Response(status=422, text=f"{exc}\n")
        return web.json_response(as_json(answers), status=http_status(answers))

    async def _quit(self, request: web.Request) -> web.Response:
        api = self._listener.agent_api
        if refusal := _refusal(request, enabled=api.enable_quit, flag="enable_quit"):
            return refusal
        self._actions.quit()
        return web.json_response({"quitting": True})


async def _without_server(_: web.Request, response: web.StreamResponse) -> None:
    """Disclose no versions of what we are made of."""
    response.headers.pop("Server", None)


def _refusal(request: web.Request, *, enabled: bool, flag: str) -> web.Response | None:
    """On a unix socket the peer's uid decides; on TCP the configuration must allow it.

    Requests from pages in a browser have an `Origin` header: they are never allowed.
    """
    if "Origin" in request.headers:
        return web.Response(status=403, text="refused: not for pages in a browser\n")
    allowed = same_user(request.transport)
    if allowed is None:
        allowed = enabled
    if allowed:
        return None
    return web.Response(
        status=403,
        text=f"refused: use the unix socket as the same user or root, or set agent_api.{flag}\n",
    )
