"""The rights of a file that is there already: without `perms` the agents leave them as they are."""

import os
import stat
from typing import NamedTuple

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Existing(NamedTuple):
    """A file's mode, and its owner where that can be kept."""

    perms: int
    owner: tuple[int, int] | None


def existing(path: str) -> Existing | None:
    """Return the rights of a regular file; None if there is none.

    Only root can give a file away, and only does so where nobody else can have put it there.
    """
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
