"""Limits the connections of a listener, so that descriptors are left for secrets."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from injector.status.sockets import BACKLOG

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Many processes get 1,024 descriptors: enough of them have to be left for everything else.
MOST = 150
AT_ONCE = 16  # accepted before any of them counts
HANDSHAKE = 5.0  # seconds for a TLS handshake, during which a connection is not counted
TURNS = 3  # of the event loop, until what it has accepted is connected
# How long connections that were just accepted have for their first request when we stop, seconds.
FIRST_REQUEST = 0.1


class Crowd:
    """The connections of one listener, and which of them are being served."""

    def __init__(self) -> None:
        self._served: set[object] = set()
        self._have_asked: set[object] = set()  # of those that are connected
        self._asked = asyncio.Event()  # set for a moment

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

    async def accept(
        self, server: web.Server | None, bound: socket.socket, tls: ssl.SSLContext | None
    ) -> asyncio.Server:
        """Serve this socket. Of too many connections the oldest are closed, idle ones first."""
        assert server is not None

        def accepted() -> RequestHandler:
            connections = server.connections
            self._have_asked.intersection_update(connections)
            oldest = sorted(connections, key=lambda each: each in self._served)
            for connection in oldest[: max(len(connections) - MOST + 1, 0)]:
                connection.force_close()
            return server()

        timeout = HANDSHAKE if tls is not None else None
        accepting = await asyncio.get_running_loop().create_server(
            accepted, sock=bound, backlog=AT_ONCE, ssl=tls, ssl_handshake_timeout=timeout
        )
        bound.listen(BACKLOG)  # further connections wait in the kernel, where they cost us nothing
        return accepting

    async def leave(
        self, server: web.Server | None, bound: socket.socket, accepting: asyncio.Server
    ) -> None:
        """Stop accepting, but let those that were accepted send their first request.

        Whoever connects from now on waits for the next server on this socket.
        """
        assert server is not None
        asyncio.get_running_loop().remove_reader(bound)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        # asyncio's own timer: nobody waits for as long as a suspend.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_REQUEST):
                while any(each not in self._have_asked for each in server.connections):
                    await self._asked.wait()
        accepting.close()
