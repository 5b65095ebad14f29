"""Which filesystem a file is on, from the kernel's mount table."""

import os
import re
import select
from collections.abc import Iterable
from functools import cache

from msgspec import Struct

TABLE = "/proc/self/mountinfo"
MEMORY_BACKED = frozenset({"tmpfs", "ramfs"})


class Mount(Struct, frozen=True):
    """One line of the table; `device` is what stat() calls `st_dev`."""

    device: int
    point: str
    filesystem: str


def parse(table: str) -> list[Mount]:
    r"""Read mountinfo: `30 25 0:27 / /dev/shm rw,relatime shared:1 - tmpfs tmpfs rw`.

    The number of fields before the lone `-` varies. Space, tab, newline and backslash in a mount
    point are written as `\040` and so on.
    """
    mounts = []
    for line in table.split("\n"):
        before, separator, after = line.partition(" - ")
        if not separator:
            continue
        _, _, device, _, point, *_ = before.split(" ")
        major, _, minor = device.partition(":")
        filesystem = after.partition(" ")[0]
        mounts.append(Mount(os.makedev(int(major), int(minor)), _unescape(point), filesystem))
    return mounts


def _unescape(point: str) -> str:
    if "\\" not in point:
        return point
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)


class Mounts:
    """One reading of the table, ready for look-ups."""

    def __init__(self, mounts: Iterable[Mount]) -> None:
        self._by_point = {
            mount.point: mount.filesystem for mount in mounts
        }  # the last of several is visible
        self._by_device = {mount.device: mount.filesystem for mount in mounts}
        self._names = {os.path.basename(point) for point in self._by_point}

    def filesystem(self, device: int, path: str) -> str:
        """Name the filesystem of something at `path` whose `st_dev` is `device`.

        The device decides: unlike the path, it is not fooled by links or by mounts that cover
        others. Some filesystems (btrfs) have devices that are not in the table: for those, the
        longest mount point above `path` decides.
        """
        if device in self._by_device:
            return self._by_device[device]
        while path not in self._by_point and path != (parent := os.path.dirname(path)):
            path = parent
        return self._by_point.get(path, "an unknown filesystem")

    def is_mount_point(self, path: str) -> bool:
        """Return whether something is mounted on exactly this path, which may contain links."""
        parent, name = os.path.split(path)
        if name not in self._names:  # nearly always true, and saves resolving the path
            return False
        return os.path.join(os.path.realpath(parent), name) in self._by_point


class _Table:
    """The mount table, re-read only when the kernel reports a change."""

    def __init__(self) -> None:
        self._fd = os.open(TABLE, os.O_RDONLY)
        self._changes = select.poll()
        self._changes.register(self._fd, select.POLLPRI)
        self._mounts = self._read()

    def current(self) -> Mounts:
        if self._changes.poll(0):
            self._mounts = self._read()
        return self._mounts

    @staticmethod
    def _read() -> Mounts:
        with open(TABLE, encoding="utf-8", errors="surrogateescape", newline="\n") as table:
            return Mounts(parse(table.read()))


_table = cache(_Table)


def current() -> Mounts:
    """Return the mounts as they are now; about a microsecond unless they have changed."""
    return _table().current()
