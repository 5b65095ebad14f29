"""Opens the files of ours that hold no secret (log, pid file), and nothing that was put there."""

import errno
import os
import stat

# Never through a link that somebody has planted, nor waiting for somebody to read a pipe.
_FLAGS = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_plain(path: str, flags: int, mode: int) -> int:
    """Open or make a file, to be cut only once it is known to be one; raises OSError."""
    fd = os.open(path, flags & ~os.O_TRUNC | _FLAGS, mode)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has another name (a hard link) as well")
        if flags & os.O_TRUNC:
            os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd
