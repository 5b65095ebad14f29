"""A TCP port for a server that listens only on a unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

PIECE = 65536


@contextlib.asynccontextmanager
async def relay(port: int, socket: str) -> AsyncIterator[None]:
    """Forward this loopback port to the socket."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            back, out = await asyncio.open_unix_connection(socket)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pour(reader, out), name="to the server")
                group.create_task(_pour(back, writer), name="to the client")

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                sink.write(piece)
                await sink.drain()
    finally:
        sink.close()
