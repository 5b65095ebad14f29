"""Opens the directory of a destination; everything else goes through its descriptor."""

import errno
import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from injector.base import safe_open
from injector.base.errors import WriteError
from injector.targets.files import explain, mounts
from injector.targets.files.links import foreign_link
from injector.targets.files.trust import Trust

# A descriptor to look up and write through: needs no permission to read the directory itself.
_OPEN = os.O_PATH | os.O_DIRECTORY
MODE = 0o755
# FS_IOC_GETFLAGS and FS_APPEND_FL (linux/fs.h): what lsattr shows.
_GET_FLAGS, _APPEND_ONLY = 0x80086601, 0x20


class Directory:
    """An open directory, which stays the same if another one takes its path."""

    __slots__ = ("fd", "memory_backed", "path")

    def __init__(self, fd: int, path: str, *, memory_backed: bool) -> None:
        self.fd = fd
        self.path = path
        self.memory_backed = memory_backed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def enter(self, name: str) -> "Directory":
        """Open a directory in this one; a link by that name is an error."""
        fd = safe_open.anything(name, _OPEN, dir_fd=self.fd)
        return Directory(fd, os.path.join(self.path, name), memory_backed=self.memory_backed)

    def make(self, name: str) -> "Directory":
        """Create and open a directory in this one that all users may enter, with any umask.

        An existing one is only opened.
        """
        try:
            os.mkdir(name, MODE, dir_fd=self.fd)
        except FileExistsError:
            return self.enter(name)
        made = self.enter(name)
        try:
            found = os.fstat(made.fd)
            if found.st_uid == os.geteuid():
                # set-group-id is the parent's wish for the whole tree (a pod's fsGroup).
                os.chmod(f"/proc/self/fd/{made.fd}", MODE | (found.st_mode & stat.S_ISGID))
            self.sync()
        except BaseException:
            os.close(made.fd)
            raise
        return made

    def require_replaceable(self) -> None:
        """Raise WriteError where names only ever come (`chattr +a`): each temporary one would stay.

        Not every filesystem knows of that, nor may we open every directory to ask.
        """
        with suppress(OSError), self._readable() as fd:
            flags = fcntl.ioctl(fd, _GET_FLAGS, bytes(8))
            if int.from_bytes(flags, sys.byteorder) & _APPEND_ONLY:
                raise WriteError(explain.append_only(self.path))

    def listdir(self) -> list[str]:
        with self._readable() as fd:
            return sorted(os.listdir(fd))

    def tree(self) -> Iterator[tuple["Directory", str, os.stat_result]]:
        """Yield everything below: the directory it is in, its name, and what it is; deepest first.

        Directories are entered as such: one that is a pipe by now is an error, and no wait.
        """
        for name in self.listdir():
            found = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                with self.enter(name) as inner:
                    yield from inner.tree()
            yield self, name, found

    def remove(self, name: str, found: os.stat_result) -> None:
        """Remove what `tree` has found in this directory."""
        if stat.S_ISDIR(found.st_mode):
            os.rmdir(name, dir_fd=self.fd)
        else:
            os.unlink(name, dir_fd=self.fd)

    def sync(self) -> None:
        """Make names survive a power cut; on a memory-backed filesystem there is nothing to do."""
        if self.memory_backed:
            return
        with self._readable() as fd:
            os.fsync(fd)

    def readable(self) -> int:
        """Open it once more, for what a descriptor to write through cannot do."""
        return safe_open.anything(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.fd)

    @contextmanager
    def _readable(self) -> Iterator[int]:
        fd = self.readable()
        try:
            yield fd
        finally:
            os.close(fd)


def open_directory(
    path: str, *, create: bool, require_memory_backed: bool, trust: Trust | None = None
) -> Directory:
    """Open the directory at `path`; with `create`, create missing parts of it.

    Symlinks in the path are followed if they belong to root or this process's user (`/var/run`).
    With `trust`, no other user may be able to exchange what is in it.
    """
    fd, existing, missing = open_nearest(path)
    directory = Directory(fd, existing, memory_backed=False)
    try:
        if missing and not create:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if link := foreign_link(fd, existing):
            raise WriteError(explain.foreign_link(path, *link))
        filesystem = mounts.current().filesystem(os.fstat(fd).st_dev, existing)
        directory.memory_backed = filesystem in mounts.MEMORY_BACKED
        if require_memory_backed and not directory.memory_backed:
            raise WriteError(explain.off_memory(path, filesystem))
        for name in reversed(missing):
            parent, directory = directory, directory.make(name)
            os.close(parent.fd)
        # Only now: another process may have made a part of it at the same moment.
        if trust is not None and (stranger := trust.stranger(directory.fd, path)):
            raise WriteError(explain.exchangeable(path, *stranger))
    except BaseException:
        os.close(directory.fd)
        raise
    return directory


def open_nearest(path: str) -> tuple[int, str, list[str]]:
    """Open `path` or the closest directory above it; return also its path and the missing names.

    The names come deepest first.
    """
    missing: list[str] = []
    while True:
        try:
            return safe_open.anything(path, _OPEN, links=True), path, missing
        except FileNotFoundError:
            path, name = os.path.split(path)
            if not name:
                raise
            missing.append(name)
