"""A load balancer that stays up: while the server does not answer, it says 502 by itself."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import aiohttp
from aiohttp import web

PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Gateway:
    """Passes requests on to one server, each on a connection of its own."""

    def __init__(self, server: str) -> None:
        self.address = ""
        self._server = server

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        self.address = f"http://{host}:{port}"
        ready.set()
        await over.wait()
        await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            async with (
                aiohttp.ClientSession(auto_decompress=False) as session,
                session.request(
                    request.method,
                    self._server + request.path_qs,
                    headers=headers,
                    data=await request.read(),
                    allow_redirects=False,
                ) as answer,
            ):
                body, status = await answer.read(), answer.status
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
                return web.Response(body=body, status=status, headers=kept)
        except aiohttp.ClientError:
            return web.Response(text=PAGE, status=502, content_type="text/html")


@contextlib.contextmanager
def gateway(server: str) -> Iterator[Gateway]:
    """Run one in a thread of its own."""
    made = Gateway(server)
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(made.serve(ready, over),), daemon=True
    )
    thread.start()
    ready.wait(5)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
