"""Opens files where somebody else may have put something: a link, a pipe that nobody writes to."""

import errno
import os
import stat

# Never through a link that somebody has planted, nor waiting for somebody to read a pipe.
_FLAGS = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def without_waiting(path: str, flags: int) -> int:
    """Open a file to read, for `open`: a named pipe reads as empty as long as nobody writes."""
    return os.open(path, flags | os.O_NONBLOCK)


def regular(path: str, flags: int) -> int:
    """Open a file to read, for `open`; raises OSError at once for a pipe or a device."""
    fd = without_waiting(path, flags)
    try:
        _require_regular(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def open_plain(path: str, flags: int, mode: int) -> int:
    """Open or make a log or a pid file of ours, and cut it only then; raises OSError."""
    fd = os.open(path, flags & ~os.O_TRUNC | _FLAGS, mode)
    try:
        found = _require_regular(fd)
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has another name (a hard link) as well")
        if flags & os.O_TRUNC:
            os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _require_regular(fd: int) -> os.stat_result:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return found
