"""The lock for a hand-over file: one injector at a time."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from injector.base import safe_open
from injector.base.errors import ConfigError
from injector.targets.files.directory import Directory


@contextmanager
def locked(directory: Directory, name: str) -> Iterator[None]:
    """Hold the lock `name` in this directory; raises ConfigError if somebody else does.

    The kernel releases it when the process ends, however that happens. The file stays: if it were
    removed, two processes could hold locks on two files of the same name.
    """
    path = os.path.join(directory.path, name)
    try:
        fd = safe_open.anything(name, os.O_RDWR | os.O_CREAT, dir_fd=directory.fd)
    except OSError as error:
        raise ConfigError(_cannot_open(path, error)) from error
    try:
        _require_ours(os.fstat(fd), path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(_held(fd, path)) from None
        os.fchmod(fd, 0o600)  # whatever the umask
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _cannot_open(path: str, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return f"{path} is a symbolic link, which somebody may have planted: remove it"
    return (
        f"{path} cannot be opened: {error.strerror} (running as uid {os.geteuid()}): let all "
        "injectors that share a hand-over file run as the same user, one that may write here"
    )


def _require_ours(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a regular file: move it away")
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{path} belongs to uid {found.st_uid}, this is uid {os.geteuid()}: let all injectors "
            "that share a hand-over file run as the same user, or remove the lock of another"
        )


def _held(fd: int, path: str) -> str:
    """Return who holds the lock; the process id is the one in its own container."""
    written = os.pread(fd, 16, 0).strip()
    holder = f" (process {written.decode()} of its container)" if written.isdigit() else ""
    return (
        f"{path} is held by another injector{holder}: end that one, or set another "
        "`cache.persist.path` for this one"
    )
