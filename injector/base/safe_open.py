"""Opens files where somebody else may have put something: a link, a pipe, a device without end.

Nothing here waits for the other end of a pipe, and no child inherits what is opened.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

# No configuration, template, certificate or key is larger: it is the wrong file, or has no end.
LARGEST = 16 * 2**20
NOT_REGULAR = "it is not a regular file"

_ALWAYS = os.O_NONBLOCK | os.O_CLOEXEC


def anything(
    path: str, access: int, *, links: bool = False, mode: int = 0o600, dir_fd: int | None = None
) -> int:
    """Open whatever has this name; a symbolic link only with `links`. Raises OSError."""
    follow = 0 if links else os.O_NOFOLLOW
    return os.open(path, access | follow | _ALWAYS, mode, dir_fd=dir_fd)


def regular(
    path: str,
    access: int = os.O_RDONLY,
    *,
    links: bool = False,
    mode: int = 0o600,
    dir_fd: int | None = None,
) -> int:
    """Open a regular file; raises OSError at once for a pipe, a socket or a device."""
    fd = anything(path, access, links=links, mode=mode, dir_fd=dir_fd)
    try:
        _require_regular(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def ours(path: str, flags: int, mode: int) -> int:
    """Open or make a log or a pid file of ours, and cut it only then; raises OSError."""
    fd = regular(path, flags & ~os.O_TRUNC | os.O_CREAT, mode=mode)
    try:
        if os.fstat(fd).st_nlink > 1:
            raise OSError(errno.EMLINK, "it has another name (a hard link) as well")
        if flags & os.O_TRUNC:
            os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def read(path: str, *, most: int = LARGEST, links: bool = True) -> bytes:
    """Return what is in a regular file of at most `most` bytes; raises OSError."""
    with open(_to_read(path, links=links), "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _too_large(path, most)
    return content


def _to_read(path: str, *, links: bool) -> int:
    """Open a regular file, or the null device: that is how a file without content is spelled."""
    fd = anything(path, os.O_RDONLY, links=links)
    try:
        if os.fstat(fd).st_rdev != os.makedev(1, 3):
            _require_regular(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return fd


@contextmanager
def held(path: str) -> Iterator[str]:
    """Yield another name for the file that is there now, for a library that opens it by name.

    Whatever takes its place meanwhile is not opened. Raises OSError, also if it is no regular file.
    """
    fd = regular(path, links=True)
    try:
        if os.fstat(fd).st_size > LARGEST:
            raise _too_large(path, LARGEST)
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _require_regular(fd: int, path: str) -> None:
    kind = os.fstat(fd).st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, NOT_REGULAR, path)


def _too_large(path: str, most: int) -> OSError:
    size = f"{most >> 20} MiB" if most >= 2**20 else f"{most} bytes"
    return OSError(errno.EFBIG, f"it is larger than {size}", path)
