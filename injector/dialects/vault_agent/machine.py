"""What exists at the destinations: permissions of files, and their filesystem."""

import os
import stat
from typing import NamedTuple

from injector.targets.files import mounts
from injector.targets.files.directory import open_nearest

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Existing(NamedTuple):
    """A file's mode, and its owner if that can be kept."""

    perms: int
    owner: tuple[int, int] | None


class Elsewhere:
    """Another machine, about which nothing is known."""

    def existing(self, path: str) -> Existing | None:  # noqa: ARG002
        """Return the permissions of a regular file; None if it does not exist.

        Without `perms`, the agents do not change them.
        """
        return None

    def disk(self, path: str) -> str:  # noqa: ARG002
        """Return the filesystem that a file is on or would be on; empty if it is in memory."""
        return ""


class Here(Elsewhere):
    """This machine, for one reading of a configuration."""

    def __init__(self) -> None:
        # By directory: a thousand files are mostly in the same one.
        self._disks: dict[str, str] = {}

    def existing(self, path: str) -> Existing | None:
        """Return the owner, too, if we are root, and nobody else can have created the file."""
        try:
            found = os.lstat(path)
            directory = os.stat(os.path.dirname(path))
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        trusted = directory.st_uid == 0 and not directory.st_mode & _OTHERS_WRITE
        keeps_owner = os.geteuid() == 0 and found.st_uid != 0 and trusted
        perms = stat.S_IMODE(found.st_mode) & 0o777
        return Existing(perms, (found.st_uid, found.st_gid) if keeps_owner else None)

    def disk(self, path: str) -> str:
        directory = os.path.dirname(path)
        if directory not in self._disks:
            self._disks[directory] = _disk(directory)
        return self._disks[directory]


def _disk(directory: str) -> str:
    try:
        fd, existing, _ = open_nearest(directory)
    except OSError:
        return ""  # writing the file reports it
    try:
        filesystem = mounts.current().filesystem(os.fstat(fd).st_dev, existing)
    finally:
        os.close(fd)
    return "" if filesystem in mounts.MEMORY_BACKED else filesystem
