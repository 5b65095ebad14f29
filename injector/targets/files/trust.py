"""Finds who else could put another file in the place of ours, in its directory or one above."""

import os
import stat

from msgspec import Struct

from injector.targets.files import acl, mounts
from injector.targets.files.links import steps

_ROOT = 0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Trust(Struct, frozen=True):
    """Who may own a file's directory and those above it, beside root and us: the file's `owner`.

    As with sshd's StrictModes, no other user may write to them, unless the sticky bit keeps others
    from what is not theirs; the group may if it is root's, or the one that this process runs with.
    What is mounted was put there by an administrator, who has decided who may write to it: the
    volumes of pods have mode 0777 and no sticky bit.
    """

    owner: int = -1

    def stranger(self, fd: int, path: str) -> tuple[str, os.stat_result, str] | None:
        """Return the first directory in which another user could exchange what is on the way.

        Also return what stat says of it, and which others may write to it; that is empty if the
        directory belongs to a stranger. `fd` is what `path` was opened as.
        """
        users = {_ROOT, os.geteuid(), self.owner}
        for step, found in steps(fd, path):
            if stat.S_ISLNK(found.st_mode):
                continue
            is_foreign = found.st_uid not in users
            who = "" if is_foreign else _writers(step, found, users)
            if (is_foreign or who) and not _is_mounted(step, found):
                return step, found, who
        return None


def _writers(path: str, found: os.stat_result, users: set[int]) -> str:
    """Name who may write and is not trusted. The group's bits are the most that a list grants."""
    if found.st_mode & stat.S_ISVTX or not found.st_mode & _OTHERS_WRITE:
        return ""
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    groups = {_ROOT, os.getegid()}
    listed = acl.writers(path, found.st_gid)
    if listed is None:
        return "" if found.st_gid in groups else f"gid {found.st_gid}"
    return ", ".join(
        str(each) for each in listed if each.number not in (users if each.is_user else groups)
    )


def _is_mounted(path: str, found: os.stat_result) -> bool:
    table = mounts.current()
    # Every user may mount with fusermount: such a mount is no decision of an administrator.
    filesystem = table.filesystem(found.st_dev, path)
    return table.is_mount_point(path) and not filesystem.startswith("fuse")
