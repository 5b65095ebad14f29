"""Says by a lock that we keep something in a directory, and finds out whether others do."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from injector.targets.files.directory import Directory


class SharedLock:
    """A shared lock, which the kernel drops with the process.

    It is never waited for: every user who may read a directory may lock it.
    """

    def __init__(self) -> None:
        self._fd: int | None = None

    def take(self, directory: Directory) -> None:
        """Lock this directory. One that was made anew is another one."""
        if self._fd is None or not os.path.sameopenfile(self._fd, directory.fd):
            self.drop()
            with suppress(OSError):
                self._fd = directory.readable()
        self._share()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Return whether no other process holds one, and let none take one within the block."""
        try:
            yield self._exclude()
        finally:
            self._share()

    def drop(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _share(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _exclude(self) -> bool:
        try:
            if self._fd is not None:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # the filesystem has no locks
            return True
        return True
