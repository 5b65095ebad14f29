"""How many requests a one-shot sends, counted on the wire."""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.bench import Bench
from benchmarks.processes import to_the_end
from benchmarks.report import Result, table

COUNTS = (1, 100)
REQUEST_LINE, LONGEST_LINE = re.compile(rb"([A-Z]+ \S+) HTTP/1\.1\r\n"), 1024


def measure(bench: Bench) -> Result:
    lines = []
    for side in bench.sides:
        found = []
        for count in COUNTS:
            with counting(bench.server.address) as counter:
                job = bench.job(side, count, once=True, address=counter.address)
                to_the_end(side.prepare(job), job.log)
            found.append(counter.requests)
        per_secret = (found[-1] - found[0]) / (COUNTS[-1] - COUNTS[0])
        lines.append((side.name, *map(str, found), f"{per_secret:.2f}"))
    header = ("requests of a one-shot", *(f"with {count}" for count in COUNTS), "each secret")
    return Result(notes=[table(header, lines)])


class Counter:
    """Passes connections on to the server and notes requests on their way, with the time."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self.address = ""
        self.seen: list[tuple[float, str]] = []
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    @property
    def requests(self) -> int:
        return len(self.seen)

    def times(self, path: str) -> list[float]:
        """Return when something with this in its path was asked for."""
        return [at for at, line in self.seen if path in line]

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        async with server:
            await over.wait()
        if handlers := set(self._open.values()):
            for writer in tuple(self._open):
                writer.close()
            await asyncio.wait(handlers)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        their_reader, their_writer = await asyncio.open_connection(self._host, self._port)
        both = writer, their_writer
        self._open.update(dict.fromkeys(both, task))
        await asyncio.gather(
            self._pass_on(reader, their_writer, count=True),
            self._pass_on(their_reader, writer, count=False),
        )
        for each in both:
            del self._open[each]

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool
    ) -> None:
        end = b""  # a request line may lie across two pieces
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                if count:
                    end = self._note(end + piece)
                writer.write(piece)
                await writer.drain()
        writer.close()

    def _note(self, piece: bytes) -> bytes:
        """Note what is asked in it; return what may be the begin of another request line."""
        ends_at = 0
        for found in REQUEST_LINE.finditer(piece):
            self.seen.append((time.monotonic(), found[1].decode()))
            ends_at = found.end()
        return piece[max(ends_at, len(piece) - LONGEST_LINE) :]


@contextlib.contextmanager
def counting(server: str) -> Iterator[Counter]:
    """Run a counter in a thread of its own."""
    counter = Counter(server)
    loop, ready = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(counter.serve(ready, over),), daemon=True
    )
    thread.start()
    ready.wait(5)
    try:
        yield counter
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
