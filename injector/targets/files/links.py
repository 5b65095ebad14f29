"""Follows a path step by step, and finds symbolic links in it that belong to other users."""

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator

_MOST_LINKS = 40  # the kernel's own limit


def foreign_link(fd: int, path: str) -> tuple[str, int] | None:
    """Return the first symlink in `path` that is neither root's nor ours, and its owner.

    `fd` is what `path` resolved to when it was opened.
    """
    if os.readlink(f"/proc/self/fd/{fd}") == path:  # nearly always, as there is no link
        return None
    trusted = {0, os.geteuid()}
    for step, found in steps(fd, path):
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in trusted:
            return step, found.st_uid
    return None


def steps(fd: int, path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each directory and each symbolic link on the way, with what lstat says of it.

    `fd` is what `path` resolved to when it was opened; raises OSError if that is elsewhere by now.
    """
    at = "/"
    ahead = deque(path.split("/"))
    links = 0
    while ahead:
        name = ahead.popleft()
        if name == "..":
            at = os.path.dirname(at)
        if name in {"", ".", ".."}:
            continue
        step = f"{at}/{name}" if at != "/" else f"/{name}"
        found = os.lstat(step)
        yield step, found
        if not stat.S_ISLNK(found.st_mode):
            at = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(step)
        if target.startswith("/"):
            at = "/"
        ahead.extendleft(reversed(target.split("/")))
    if os.readlink(f"/proc/self/fd/{fd}") != at:  # links have changed since it was opened
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)
