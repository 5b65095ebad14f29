"""Finds symbolic links in a path that belong to other users."""

import errno
import os
import stat
from collections import deque

_MOST_LINKS = 40  # as the kernel has it


def foreign_link(fd: int, path: str) -> tuple[str, int] | None:
    """Return the first symlink in `path` that is neither root's nor ours, and its owner.

    `fd` is what `path` resolved to when it was opened.
    """
    if os.readlink(f"/proc/self/fd/{fd}") == path:  # nearly always: there is no symlink
        return None
    trusted = {0, os.geteuid()}
    at = "/"
    ahead = deque(path.split("/"))
    links = 0
    while ahead:
        name = ahead.popleft()
        if name == "..":
            at = os.path.dirname(at)
        if name in {"", ".", ".."}:
            continue
        step = os.path.join(at, name)
        found = os.lstat(step)
        if not stat.S_ISLNK(found.st_mode):
            at = step
            continue
        if found.st_uid not in trusted:
            return step, found.st_uid
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(step)
        if target.startswith("/"):
            at = "/"
        ahead.extendleft(reversed(target.split("/")))
    if os.readlink(f"/proc/self/fd/{fd}") != at:  # links have changed since it was opened
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)
    return None
