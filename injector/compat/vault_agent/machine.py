"""What is there already where files are to be written: their rights, and what they are on."""

import os
import stat
from typing import NamedTuple

from injector.destination import mounts
from injector.destination.directory import open_nearest

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Existing(NamedTuple):
    """A file's mode, and its owner where that can be kept."""

    perms: int
    owner: tuple[int, int] | None


class Elsewhere:
    """Another machine, of which nothing is known."""

    def existing(self, path: str) -> Existing | None:  # noqa: ARG002
        """Return the rights of a regular file; None if there is none.

        Without `perms` the agents leave them as they are.
        """
        return None

    def disk(self, path: str) -> str:  # noqa: ARG002
        """Name the filesystem that a file is on, or would be; nothing if it is in memory."""
        return ""


class Here(Elsewhere):
    """This machine, as it is for one reading of a configuration."""

    def __init__(self) -> None:
        self._disks: dict[str, str] = {}  # by folder: a thousand files are mostly in one

    def existing(self, path: str) -> Existing | None:
        """Only root can give a file away, and does so where nobody else can have put it there."""
        try:
            found = os.lstat(path)
            folder = os.stat(os.path.dirname(path))
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        trusted = folder.st_uid == 0 and not folder.st_mode & _OTHERS_WRITE
        keeps_owner = os.geteuid() == 0 and found.st_uid != 0 and trusted
        perms = stat.S_IMODE(found.st_mode) & 0o777
        return Existing(perms, (found.st_uid, found.st_gid) if keeps_owner else None)

    def disk(self, path: str) -> str:
        folder = os.path.dirname(path)
        if folder not in self._disks:
            self._disks[folder] = _disk(folder)
        return self._disks[folder]


def _disk(folder: str) -> str:
    try:
        fd, existing, _ = open_nearest(folder)
    except OSError:
        return ""  # whoever writes there gets to know
    try:
        filesystem = mounts.current().filesystem(os.fstat(fd).st_dev, existing)
    finally:
        os.close(fd)
    return "" if filesystem in mounts.MEMORY_BACKED else filesystem
