"""A child process whose output can be awaited line by line; it ends with the block."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from injector.base.clock import Clock
from injector.base.errors import InjectorError

LIMIT = 10.0  # for whatever is waited for, seconds
ENDS_WITHIN = 5.0  # of SIGTERM; then it is killed
TAIL = 8  # lines of its output that explain a failure


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, and when it arrived by the injected clock."""

    at: float
    text: str


class Child(asyncio.SubprocessProtocol):
    """What one process has printed so far, and its exit code once it has ended."""

    def __init__(self, name: str, clock: Clock, hear: Callable[[Line], None] | None = None) -> None:
        self.name = name
        self.lines: list[Line] = []
        self._hear = hear
        self.exit_code: int | None = None
        self._clock = clock
        self._rest = b""
        self._news = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None

    @property
    def pid(self) -> int:
        assert self._transport is not None
        return self._transport.get_pid()

    async def line(
        self, wanted: Callable[[str], bool], what: str, *, since: int = 0, within: float = LIMIT
    ) -> Line:
        """Return its first matching line from number `since` on.

        Raises InjectorError with its last lines if none comes; `what` names the line.
        """
        try:
            async with self._clock.deadline(within):
                while True:
                    for line in self.lines[since:]:
                        if wanted(line.text):
                            return line
                    since = len(self.lines)
                    if self.exit_code is not None:
                        raise self._failure(
                            f"ended (exit code {self.exit_code}) before it printed {what}"
                        )
                    await self._more()
        except TimeoutError:
            raise self._failure(f"did not print {what} within {within:g} s") from None

    async def ended(self, *, within: float = LIMIT) -> int:
        """Return its exit code once it has ended. Raises InjectorError if it does not."""
        try:
            async with self._clock.deadline(within):
                while self.exit_code is None:
                    await self._more()
        except TimeoutError:
            raise self._failure(f"still runs after {within:g} s") from None
        return self.exit_code

    async def end(self) -> None:
        """End it if it still runs: SIGTERM first, then SIGKILL."""
        assert self._transport is not None
        for act in (self._transport.terminate, self._transport.kill):
            if self.exit_code is None:
                act()
                with contextlib.suppress(InjectorError):
                    await self.ended(within=ENDS_WITHIN)

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _failure(self, what: str) -> InjectorError:
        tail = [f"  {line.text}" for line in self.lines[-TAIL:]] or ["  (it printed nothing)"]
        return InjectorError("\n".join([f"the {self.name} {what}; its last lines:", *tail]))

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd
        now = self._clock.now()
        *complete, self._rest = (self._rest + data).split(b"\n")
        for text in complete:
            self.lines.append(line := Line(now, text.decode(errors="replace")))
            if self._hear is not None:
                del self.lines[:-TAIL]  # it may run for days
                self._hear(line)
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it has ended and that all its output has arrived."""
        del exc
        assert self._transport is not None
        self.exit_code = self._transport.get_returncode()
        self._news.set()


@contextlib.asynccontextmanager
async def child(
    name: str,
    *argv: str | Path,
    clock: Clock,
    environ: Mapping[str, str],
    hear: Callable[[Line], None] | None = None,
    foreground: bool = False,
) -> AsyncIterator[Child]:
    """Run a program for the length of the block; each line goes to `hear`, if there is one.

    It leads its own session: we handle Ctrl-C in a terminal, and whatever it
    leaves behind can be found. In the foreground it has our terminal, input and output instead,
    and its lines are those of its standard error.
    """
    transport, protocol = await asyncio.get_running_loop().subprocess_exec(
        lambda: Child(name, clock, hear),
        *argv,
        stdin=None if foreground else asyncio.subprocess.DEVNULL,
        stdout=None if foreground else asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if foreground else asyncio.subprocess.STDOUT,
        env=environ,
        start_new_session=not foreground,
    )
    try:
        yield protocol
    finally:
        try:
            await protocol.end()
        finally:
            transport.close()  # interrupted even here: this kills it
