"""Access control lists of a directory: who may write, and who gets access to new files."""

import os
import struct

from msgspec import Struct

# acl(5), as the kernel stores it (linux/posix_acl_xattr.h): a version, then entries.
_ACCESS, _DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
_VERSION, _ENTRY = 4, struct.Struct("<HHI")
_USER, _GROUP_OBJ, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10
_WRITE = 2


class Entry(Struct, frozen=True):
    """A user or a group, and what it may do."""

    is_user: bool
    number: int
    permissions: int

    def __str__(self) -> str:
        return f"{'uid' if self.is_user else 'gid'} {self.number}"


def writers(path: str, group: int) -> list[Entry] | None:
    """Return who, beside the owner, a directory's list lets write; None if it has no list."""
    listed = _read(path, _ACCESS, group)
    return listed and [entry for entry in listed if entry.permissions & _WRITE]


def heirs(path: str) -> list[Entry]:
    """Return the users and groups that get access to new files in a directory."""
    group = -1  # stands for the group of the new file, which is not known yet
    listed = _read(path, _DEFAULT, group) or []
    return [entry for entry in listed if entry.permissions and entry.number != group]


def _read(path: str, name: str, group: int) -> list[Entry] | None:
    try:
        stored = os.getxattr(path, name)
    except OSError:  # the directory has no list, or its filesystem knows none
        return None
    entries = list(_ENTRY.iter_unpack(stored[_VERSION:]))
    mask = next((permissions for kind, permissions, _ in entries if kind == _MASK), 0o7)
    return [
        Entry(kind == _USER, group if kind == _GROUP_OBJ else number, permissions & mask)
        for kind, permissions, number in entries
        if kind in {_USER, _GROUP_OBJ, _GROUP}
    ]
