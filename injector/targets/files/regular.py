"""Regular files in an open directory: find, compare, create, replace. No link is followed."""

import errno
import os
import re
import stat
from contextlib import suppress

from injector.base import safe_open
from injector.base.errors import WriteError
from injector.targets.files import explain
from injector.targets.files.directory import Directory
from injector.targets.files.rights import Rights

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL

TEMPORARY = re.compile(r"\..{1,48}\.vault-injector\.[0-9a-f]{8}", re.DOTALL)


# What identifies a file's state: any change to content, mode or owner changes it.
Identity = tuple[int, ...]


def identity(found: os.stat_result) -> Identity:
    return (
        found.st_dev,
        found.st_ino,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_size,
        found.st_mode,
        found.st_uid,
        found.st_gid,
    )


def temporary_name(name: str) -> str:
    """Return a temporary name for `name`, not too long, that `leftovers` recognizes as ours."""
    return f".{name[:48]}.vault-injector.{os.urandom(4).hex()}"


def open_regular(directory: Directory, name: str, access: int = os.O_RDONLY) -> int:
    """Open the file with this name; raise WriteError if it is not a regular file."""
    path = os.path.join(directory.path, name)
    try:
        fd = safe_open.anything(name, access, dir_fd=directory.fd)
    except OSError as error:
        # ELOOP: a link. ENXIO: a socket, or a pipe without a reader. EISDIR: when writing.
        if error.errno in {errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES}:
            found = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
            _require_regular(found, path)
        raise
    try:
        _require_regular(os.fstat(fd), path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _require_regular(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise WriteError(explain.in_the_way(path, found.st_mode))


def has_content(fd: int, found: os.stat_result, content: bytes) -> bool:
    """Return whether an open file has exactly this content; the size is compared first."""
    return found.st_size == len(content) and os.read(fd, len(content) + 1) == content


def read_all(directory: Directory, name: str) -> bytes:
    with open(open_regular(directory, name), "rb") as file:
        return file.read()


def write_all(fd: int, content: bytes) -> None:
    """Write everything, or raise: a filesystem that is filling up first writes a part."""
    rest = memoryview(content)
    while rest:
        written = os.write(fd, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def create(directory: Directory, name: str, content: bytes, rights: Rights, path: str) -> int:
    """Create a complete file with its rights, and return it open. A failure leaves nothing behind.

    `path` is the destination to name in messages.
    """
    directory.require_replaceable()
    fd = safe_open.anything(name, _CREATE, dir_fd=directory.fd)
    try:
        write_all(fd, content)
        rights.give_to(fd, path)
        if not directory.memory_backed:
            os.fsync(fd)
    except BaseException:
        os.close(fd)
        with suppress(OSError):
            os.unlink(name, dir_fd=directory.fd)
        raise
    return fd


def replace(directory: Directory, name: str, content: bytes, rights: Rights) -> os.stat_result:
    """Replace `name` atomically: every reader gets the old file or the new one."""
    temporary = temporary_name(name)
    fd = create(directory, temporary, content, rights, os.path.join(directory.path, name))
    return take_name(directory, temporary, name, fd)


def take_name(directory: Directory, temporary: str, name: str, fd: int) -> os.stat_result:
    """Rename a complete file, open as `fd`, to its name, and close it. On failure it is removed."""
    try:
        os.replace(temporary, name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
        directory.sync()
        return os.fstat(fd)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=directory.fd)
        raise
    finally:
        os.close(fd)
