"""Carries what the command prints to where we print, masked, and no faster than it can be read."""

import asyncio
import os
import select

from injector.child.masking import Mask
from injector.log import Redactor

STDOUT, STDERR = 1, 2
PIECE = 64 * 1024
# As much as a pipe takes at once when it says that it can be written to: PIPE_BUF.
AT_ONCE = 4096
# How long the beginning of what may be a value waits for the rest of it, in seconds.
HELD_FOR = 0.1


def relays(redactor: Redactor) -> tuple[tuple[int, int], "list[Relay]"]:
    """Return what a command is to print to instead of our own two, and who carries it there.

    Where our two are the same, so are its two: what it prints keeps its order.
    """
    out, sink = os.pipe()
    if os.path.samestat(os.fstat(STDOUT), os.fstat(STDERR)):
        return (sink, sink), [Relay(out, STDOUT, Mask(redactor))]
    error, error_sink = os.pipe()
    carrying = [Relay(out, STDOUT, Mask(redactor)), Relay(error, STDERR, Mask(redactor))]
    return (sink, error_sink), carrying


class Relay:
    """One stream. Callbacks, not a task: it goes on while a reload replaces the services.

    What we print to is shared with others, so it stays blocking: it is asked before each write.
    """

    def __init__(self, source: int, sink: int, mask: Mask) -> None:
        self.over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._source = source
        # Our own descriptor: asyncio knows one writer for each, and two runs of the command may
        # still be printing at the same time.
        self._sink = os.dup(sink)
        self._mask = mask
        self._out = b""
        self._paused = False
        self._ended = False
        self._last = False
        self._timer: asyncio.TimerHandle | None = None
        self._writable = select.poll()
        self._writable.register(self._sink, select.POLLOUT)
        os.set_blocking(source, False)
        self._loop.add_reader(source, self._read)

    def finish(self) -> None:
        """Carry what has been printed until now: somebody may hold the pipe open for ever."""
        self._last = True
        if not self._paused and not self.over.is_set():
            self._read()

    def close(self) -> None:
        """Stop; who prints on hears of it as in any pipeline, by SIGPIPE."""
        if self.over.is_set():
            return
        self.over.set()
        self._disarm()
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._sink)
        os.close(self._source)
        os.close(self._sink)

    def _read(self) -> None:
        if self.over.is_set():
            return
        self._disarm()
        try:
            piece = os.read(self._source, PIECE)
        except BlockingIOError:
            if not self._last:
                return
            piece = b""
        self._ended = not piece
        self._out = self._mask.feed(piece) if piece else self._mask.end()
        self._write()

    def _write(self) -> None:
        """Write what is taken without waiting; read on when that is all."""
        while self._out:
            if not self._writable.poll(0):
                self._pause()
                return
            try:
                written = os.write(self._sink, self._out[:AT_ONCE])
            except BlockingIOError:  # somebody else has made it so
                self._pause()
                return
            except BrokenPipeError:
                self.close()
                return
            except OSError:  # a full disk: this is lost, and nobody ends of it
                written = len(self._out)
            self._out = self._out[written:]
        self._go_on()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._loop.remove_reader(self._source)
            self._loop.add_writer(self._sink, self._write)

    def _go_on(self) -> None:
        if self._ended:
            self.close()
            return
        if self._paused:
            self._paused = False
            self._loop.remove_writer(self._sink)
            self._loop.add_reader(self._source, self._read)
        if self._last:
            self._loop.call_soon(self._read)
        elif self._mask.holds:
            # asyncio's own timer: a tenth of a second need not outlive a suspend.
            self._timer = self._loop.call_later(HELD_FOR, self._release)

    def _release(self) -> None:
        self._out = self._mask.release()
        self._write()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
