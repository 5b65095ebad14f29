"""Open the directory of a destination; whatever follows goes through its descriptor."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from injector.destination import explain, mounts
from injector.destination.links import foreign_link
from injector.errors import WriteError

# A descriptor to look and write through: needs no right to read the directory itself.
_OPEN = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_MODE = 0o755


class Directory:
    """An open directory: it stays the same one, whatever happens to its path meanwhile.

    Links on the way to it are followed if root or this process's user made them (`/var/run`).
    """

    __slots__ = ("fd", "memory_backed", "path")

    def __init__(self, path: str, *, create: bool, require_memory_backed: bool) -> None:
        self.path = path
        self.fd, existing, missing = open_nearest(path)
        try:
            if missing and not create:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if link := foreign_link(self.fd, existing):
                raise WriteError(explain.foreign_link(path, *link))
            filesystem = mounts.current().filesystem(os.fstat(self.fd).st_dev, path)
            self.memory_backed = filesystem in mounts.MEMORY_BACKED
            if require_memory_backed and not self.memory_backed:
                raise WriteError(explain.off_memory(path, filesystem))
            for name in reversed(missing):
                self._enter(make_directory(name, self.fd))
        except BaseException:
            os.close(self.fd)
            raise

    def _enter(self, child: int) -> None:
        os.close(self.fd)
        self.fd = child

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def names(self) -> list[str]:
        with self._readable() as fd:
            return sorted(os.listdir(fd))

    def sync(self) -> None:
        """Make names survive a power cut; in memory there is nothing to survive."""
        if self.memory_backed:
            return
        with self._readable() as fd:
            os.fsync(fd)

    @contextmanager
    def _readable(self) -> Iterator[int]:
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            yield fd
        finally:
            os.close(fd)


def make_directory(name: str, parent: int) -> int:
    """Make a directory that everybody may enter, whatever the umask; return it opened.

    Found there already, it is only opened.
    """
    try:
        os.mkdir(name, _MODE, dir_fd=parent)
    except FileExistsError:
        return os.open(name, _OPEN | os.O_NOFOLLOW, dir_fd=parent)
    fd = os.open(name, _OPEN | os.O_NOFOLLOW, dir_fd=parent)
    try:
        found = os.fstat(fd)
        if found.st_uid == os.geteuid():
            # set-group-id is the parent's wish for the whole tree (a pod's fsGroup).
            os.chmod(f"/proc/self/fd/{fd}", _MODE | (found.st_mode & stat.S_ISGID))
    except BaseException:
        os.close(fd)
        raise
    return fd


def open_nearest(path: str) -> tuple[int, str, list[str]]:
    """Open `path` or the closest directory above it; return also its path and the missing names.

    The names come deepest first.
    """
    missing: list[str] = []
    while True:
        try:
            return os.open(path, _OPEN), path, missing
        except FileNotFoundError:
            path, name = os.path.split(path)
            if not name:
                raise
            missing.append(name)
