"""Bounds how much of clients' request bodies is in memory, whatever number of them sends one."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

# Vault's own limit for one body, and ours for all together. A secret is a few kilobytes.
LARGEST = 32 * 2**20
MOST = 2 * LARGEST
# What each may send however much the others hold: most requests are no larger.
FREE = 64 * 2**10


class NoRoom(Exception):
    """The others hold too much at the moment."""


class Room:
    """The body of one request."""

    def __init__(self, bodies: "Bodies") -> None:
        self._bodies = bodies
        self.held = 0

    async def read(self, request: web.Request) -> bytes:
        """Return all of it; raises NoRoom, or the answer 413 if it is too large by itself."""
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > LARGEST:
                raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
            self._take(max(len(body) - FREE, 0) - self.held)
        return bytes(body)

    def _take(self, more: int) -> None:
        if more and self._bodies.held + more > MOST:
            raise NoRoom
        self.held += more
        self._bodies.held += more


class Bodies:
    """What all requests hold together."""

    def __init__(self) -> None:
        self.held = 0

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Yield room for a body, which is free again once it has been passed on."""
        room = Room(self)
        try:
            yield room
        finally:
            self.held -= room.held
