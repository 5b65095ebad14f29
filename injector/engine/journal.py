"""The journal: a line of JSON for every step of a new value, never the value itself."""

import errno
import json
import os
import stat
from collections.abc import Callable
from math import inf
from typing import Any

from injector.base import safe_open
from injector.base.clock import iso
from injector.base.context import Context
from injector.config import model
from injector.engine.history import Event, Rotations
from injector.secret import Ref

_APPEND = os.O_WRONLY | os.O_APPEND
# What could not be written is tried again after this long, seconds.
RETRY = 10.0


class Journal:
    """Appends new events from `rotations`; the file may be renamed or truncated at any time."""

    name = "journal"

    def __init__(
        self,
        settings: model.Journal,
        context: Context,
        *,
        rotations: Rotations,
        called: Callable[[Ref], str],
    ) -> None:
        self.path = settings.path
        self.error = ""
        self._perms = settings.perms
        self._rotations = rotations
        self._called = called
        self._clock = context.clock
        self._metrics = context.metrics
        self._log = context.log

    async def run(self) -> None:
        """Write whenever there is something new. Runs until cancelled."""
        while True:
            self.write()
            await self._clock.sleep(RETRY if self.error else inf, self._rotations.noted)

    def write(self) -> None:
        """Append what is new. What cannot be written is kept for the next attempt."""
        events, lost = self._rotations.unwritten()
        lines = [self._line(event) for event in events]
        if lost:
            lines.insert(0, {"time": self._iso(self._clock.now()), "lost": lost})
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        try:
            _append(self.path, text.encode(errors="replace"), self._perms)
        except OSError as exc:
            self._record_failure(_why(exc))
            return
        if self.error:
            self._log.info("journal written again", path=self.path, lines=len(lines), lost=lost)
        self.error = ""
        self._rotations.mark_written()

    def _record_failure(self, error: str) -> None:
        if error != self.error:
            self._metrics.errors.add("write")
            self._log.error("journal not written", path=self.path, error=error, retry_in=RETRY)
        self.error = error

    def _line(self, event: Event) -> dict[str, Any]:
        rotation = event.rotation
        return {
            "time": self._iso(event.at),
            "secret": self._called(rotation.ref),
            "kind": rotation.kind.value,
            "generation": rotation.generation,
            "rotation": rotation.id,
            "version": rotation.version or None,
            "outcome": event.outcome.value,
            "seconds": round(event.at - rotation.answered_at, 3),
            "error_class": event.error_class or None,
        }

    def _iso(self, moment: float) -> str:
        return iso(self._clock.wall() + moment - self._clock.now())


def _why(exc: OSError) -> str:
    """Say why nothing can be written there, and what to do about it."""
    why = exc.strerror or type(exc).__name__
    match exc.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"{why}; make its directory, or correct the path"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{why}; let uid {os.geteuid()} write there"
        case errno.ENOSPC | errno.EDQUOT:
            return f"{why}; make room"
        case errno.ELOOP:
            return f"{why}; name the file itself"
    return why


def _append(path: str, content: bytes, perms: int) -> None:
    """Append all of it or nothing, to the file that has that name now; raises OSError."""
    descriptor = _open(path, perms)
    try:
        before = os.fstat(descriptor)
        written = os.write(descriptor, content)
        if written == len(content):
            return
        # A full disk may take a part, and half a line would merge with the next one.
        after = os.fstat(descriptor)
        if stat.S_ISREG(after.st_mode) and after.st_size == before.st_size + written:
            os.ftruncate(descriptor, before.st_size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)


def _open(path: str, perms: int) -> int:
    """Open the file, or make it. One that is there, as after a rotation, keeps its mode."""
    try:
        descriptor = safe_open.anything(path, _APPEND | os.O_CREAT | os.O_EXCL, mode=perms)
    except FileExistsError:
        return safe_open.anything(path, _APPEND)
    os.fchmod(descriptor, perms)  # open() applied the umask
    return descriptor
