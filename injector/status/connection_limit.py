"""Limits the connections of a listener, so that descriptors are left for secrets."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Many processes get 1,024 descriptors: enough of them have to be left for everything else.
MOST = 150
HANDSHAKES, HANDSHAKE = 50, 5.0  # TLS handshakes at the same time, and seconds for each
# How long connections that were just accepted have for their first request when we stop, seconds.
FIRST_REQUEST = 0.1
NO_DESCRIPTOR = 1.0  # seconds until we try again to accept


class ConnectionLimit:
    """The connections of one listener, and which of them are being served.

    One is accepted per turn of the event loop; others wait in the kernel, where they cost nothing.
    """

    def __init__(
        self,
        bound: socket.socket,
        tls: ssl.SSLContext | None,
        prepare: Callable[[RequestHandler], None] | None = None,
    ) -> None:
        """Accept at a socket; `prepare` is called with each new connection."""
        self._bound = bound
        self._tls = tls
        self._prepare = prepare
        self._loop = asyncio.get_running_loop()
        self._connecting: dict[asyncio.Task[Any], None] = {}  # oldest first
        self._served: set[object] = set()
        self._have_asked: set[object] = set()  # connections with a request
        self._asked = asyncio.Event()  # set for a moment
        self._pause: asyncio.TimerHandle | None = None

    def serving(self, handler: Handler) -> Handler:
        """Return a handler that marks its connection as active while it answers."""

        async def serve(request: web.Request) -> web.StreamResponse:
            self._served.add(request.protocol)
            self._have_asked.add(request.protocol)
            self._asked.set()
            self._asked.clear()
            try:
                return await handler(request)
            finally:
                self._served.discard(request.protocol)

        return serve

    def accept(self, server: web.Server) -> None:
        """Serve the socket from now on."""
        self._pause = None
        self._loop.add_reader(self._bound, self._accept, server)

    async def leave(self, server: web.Server) -> None:
        """Stop accepting, but let those that were accepted send their first request.

        A client that connects from now on waits for the next server on this socket.
        """
        self._loop.remove_reader(self._bound)
        if self._pause is not None:
            self._pause.cancel()
        # asyncio's own timer: no client waits for as long as a suspend.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_REQUEST):
                while self._connecting:
                    await asyncio.wait(self._connecting)
                while any(each not in self._have_asked for each in server.connections):
                    await self._asked.wait()
        for task in self._connecting:
            task.cancel()

    def _accept(self, server: web.Server) -> None:
        try:
            connection, _ = self._bound.accept()
        except (
            BlockingIOError,
            ConnectionAbortedError,
        ):  # the next server has the client, or the client left
            return
        except OSError as exc:
            self._loop.call_exception_handler({"message": "cannot accept", "exception": exc})
            self._loop.remove_reader(self._bound)
            self._pause = self._loop.call_later(NO_DESCRIPTOR, self.accept, server)
            return
        connection.setblocking(False)
        task = self._loop.create_task(
            self._loop.connect_accepted_socket(
                partial(self._protocol, server),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE,
            )
        )
        self._connecting[task] = None
        task.add_done_callback(self._connected)
        if len(self._connecting) > HANDSHAKES:
            next(iter(self._connecting)).cancel()

    def _protocol(self, server: web.Server) -> RequestHandler:
        """Make room for another connection: the oldest are closed, idle ones first."""
        connections = server.connections
        self._have_asked.intersection_update(connections)
        oldest = sorted(connections, key=lambda each: each in self._served)
        for connection in oldest[: max(len(connections) - MOST + 1, 0)]:
            connection.force_close()
        made = server()
        if self._prepare is not None:
            self._prepare(made)
        return made

    def _connected(self, task: asyncio.Task[Any]) -> None:
        del self._connecting[task]
        if not task.cancelled():
            task.exception()  # a failed handshake is the client's affair
