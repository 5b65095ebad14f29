"""Overwrites a file in place, if it cannot be replaced. Readers may see a partial file."""

import errno
import os

from injector.base.errors import WriteError
from injector.targets.files import mounts
from injector.targets.files.directory import Directory
from injector.targets.files.regular import has_content, open_regular, write_all
from injector.targets.files.rights import Owner, Rights


def overwrite(
    directory: Directory, name: str, content: bytes, rights: Rights
) -> tuple[bool, os.stat_result]:
    """Overwrite the existing file; return whether it changed, and its new stat data."""
    path = os.path.join(directory.path, name)
    fd = open_regular(directory, name, os.O_RDWR)
    try:
        found = os.fstat(fd)
        _refuse_traps(path, found, rights)
        rights = _with_owner_of(found, rights)
        right = rights.are_those_of(found)
        if right and has_content(fd, found, content):
            return False, found

        # Rights first, then space, then content: a failure leaves the old content alone.
        if not right:
            rights.give_to(fd, path)
        if len(content) > found.st_size:
            _reserve(fd, len(content))
        os.lseek(fd, 0, os.SEEK_SET)
        write_all(fd, content)
        os.ftruncate(fd, len(content))
        if not directory.memory_backed:
            os.fsync(fd)
        return True, os.fstat(fd)
    finally:
        os.close(fd)


def _refuse_traps(path: str, found: os.stat_result, rights: Rights) -> None:
    if found.st_nlink > 1:
        raise WriteError(
            f"write {path}: it has another name (a hard link), under which it would change too: "
            "remove that, or set `in_place: false`"
        )
    trusted = {0, os.geteuid(), rights.owner.uid}
    # Only an administrator can mount a file; others who write to the directory can plant one.
    if found.st_uid not in trusted and not mounts.current().is_mount_point(path):
        raise WriteError(
            f"write {path}: it belongs to uid {found.st_uid}, who may have planted it to read what "
            "is written: remove it, or set `user` to that uid"
        )


def _with_owner_of(found: os.stat_result, rights: Rights) -> Rights:
    """Keep the owner if none is configured."""
    if rights.owner.uid != -1:
        return rights
    return Rights(rights.perms, Owner(found.st_uid, rights.owner.gid))


def _reserve(fd: int, size: int) -> None:
    """Make a full filesystem fail now; not every kind of filesystem supports this."""
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL}:
            raise
