"""Prints events as they happen: a live timeline on a terminal, plain lines elsewhere."""

import asyncio
import contextlib
import io
import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import TextIO

from injector.base import colour
from injector.base.clock import Clock

ACTOR = 13  # columns of the longest actor's name
INDENT = 10 + ACTOR  # where a line's text begins
NARROWEST, WIDEST = 30, 96
FRAME = 0.1  # seconds between two frames of the animated line
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
COLOURS = {
    "server": "34",
    "database": "34",
    "injector": "36",
    "application": "32",
    "you": "33",
    "cluster": "35",
    "chaos": "31",
}
BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


class Timeline:
    """Lines of a story, each with its time in seconds and its actor."""

    def __init__(self, stream: TextIO, clock: Clock, *, name: str) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack some of our characters
        self._name = name
        self._stream = stream
        self._clock = clock
        self._began = clock.now()
        self._waits = False
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._coloured = colour.is_wanted(stream, os.environ)
        self._columns = min(shutil.get_terminal_size().columns, WIDEST) if self._live else WIDEST

    def title(self, text: str) -> None:
        self._print(self._ink(text, BOLD))

    def chapter(self, text: str) -> None:
        self._print("", self._ink(text, BOLD))

    def say(self, actor: str, text: str, *, at: float | None = None) -> None:
        """Print what happened, now or at another moment of the injected clock."""
        width = max(self._columns - INDENT, NARROWEST)
        first, *others = textwrap.wrap(text, width, break_on_hyphens=False)
        second = self._ink(f"{self._second(at):6.2f} s", DIM)
        self._print(f"{second}  {self._ink(actor.ljust(ACTOR), COLOURS[actor])}{first}")
        self.quote(*others)

    def quote(self, *lines: str) -> None:
        """Print a continuation of the last line."""
        self._print(*(" " * INDENT + line for line in lines))

    def table(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Print a measurement: its name, its figure and a remark."""
        names, figures, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
        for name, figure, remark in rows:
            right = self._ink(figure.rjust(figures), BOLD)
            self._print(f"  {name.ljust(names)}  {right}  {self._ink(remark, DIM)}".rstrip())

    def good(self, text: str) -> None:
        self._print("", self._ink(text, GREEN))

    def bad(self, text: str) -> None:
        first, *others = text.splitlines()
        self._print("", self._ink(f"{self._name}: {first}", RED), *others)

    def note(self, text: str) -> None:
        self._print(text)

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """On a terminal, animate a line until the block ends; elsewhere do nothing."""
        if not self._live:
            yield
            return
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def draw() -> None:
            nonlocal timer
            self._waits = True
            frame = SPINNER[int(self._clock.now() / FRAME) % len(SPINNER)]
            line = f"{self._second(None):6.2f} s  {frame} {text}"[: self._columns - 1]
            self._stream.write(f"\r\x1b[K{self._ink(line, DIM)}")
            self._stream.flush()
            timer = loop.call_later(FRAME, draw)

        draw()
        try:
            yield
        finally:
            assert timer is not None
            timer.cancel()
            self._wipe()

    def _second(self, at: float | None) -> float:
        return (self._clock.now() if at is None else at) - self._began

    def _ink(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._coloured and text else text

    def _wipe(self) -> None:
        """Erase the animated line, if there is one."""
        if self._waits:
            self._waits = False
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _print(self, *lines: str) -> None:
        self._wipe()
        for line in lines:
            print(line, file=self._stream, flush=True)
