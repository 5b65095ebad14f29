"""Copies the command's output to ours, masked, and no faster than it can be read."""

import asyncio
import os
import select

from injector.base.redactor import Redactor
from injector.targets.child.masking import Mask

STDOUT, STDERR = 1, 2
PIECE = 64 * 1024
# As much as a pipe takes at once when it says that it can be written to: PIPE_BUF.
AT_ONCE = 4096
# How long the possible beginning of a value waits for the rest, in seconds.
HELD_FOR = 0.1


def relays(redactor: Redactor) -> tuple[tuple[int, int], "list[Relay]"]:
    """Return what a command uses as output instead of our own streams, and the relays.

    If our two streams are the same, so are the command's: its output keeps its order.
    """
    out, sink = os.pipe()
    if os.path.samestat(os.fstat(STDOUT), os.fstat(STDERR)):
        return (sink, sink), [Relay(out, STDOUT, Mask(redactor))]
    error, error_sink = os.pipe()
    carrying = [Relay(out, STDOUT, Mask(redactor)), Relay(error, STDERR, Mask(redactor))]
    return (sink, error_sink), carrying


class Relay:
    """Relays one stream. Callbacks, not a task: it continues while a reload replaces the services.

    Our output is shared with other processes, so it stays blocking, and is polled before each
    write.
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
        """Copy what has been printed so far: a process may hold the pipe open forever."""
        self._last = True
        if not self._paused and not self.over.is_set():
            self._read()

    def close(self) -> None:
        """Stop; processes that keep printing get SIGPIPE, as in any pipeline."""
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
        """Write without blocking; resume reading once everything is written."""
        while self._out:
            if not self._writable.poll(0):
                self._pause()
                return
            try:
                written = os.write(self._sink, self._out[:AT_ONCE])
            except BlockingIOError:  # another process made this pipe non-blocking
                self._pause()
                return
            except BrokenPipeError:
                self.close()
                return
            except OSError:  # a full disk: this is lost, but not fatal
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
