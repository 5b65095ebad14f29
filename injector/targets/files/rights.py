"""Who may read a file: its mode and owner."""

import errno
import os
import stat
from functools import cache

from msgspec import Struct

from injector.base.errors import WriteError

_CAP_CHOWN = 0
_SET_ID = stat.S_ISUID | stat.S_ISGID
_LARGEST_ID = 2**32 - 2  # to chown, the next larger number means: leave it as it is


class Owner(Struct, frozen=True):
    """User and group of a file, as numbers; -1 means those of this process."""

    uid: int = -1
    gid: int = -1


OURS = Owner()


def owner_of(user: str, group: str) -> Owner:
    """Return the numbers for `user` and `group`, each a name, a number, or empty for "ours".

    Raise LookupError, with the remedy, for a name that this machine or image does not know.
    """
    return Owner(_number("user", user), _number("group", group))


def _number(kind: str, name: str) -> int:
    if name in {"", "-1"}:
        return -1
    if name.isascii() and name.isdecimal():
        if int(name) > _LARGEST_ID:
            raise LookupError(f"{kind} {name} is not a possible number")
        return int(name)
    import grp
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid if kind == "user" else grp.getgrnam(name).gr_gid
    except KeyError:
        database = "/etc/passwd" if kind == "user" else "/etc/group"
        raise LookupError(
            f"{kind} {name!r} is unknown here: use its number, or add it to {database}"
        ) from None


class Rights(Struct, frozen=True):
    """Mode and owner that a file must have before it can be opened by its name."""

    perms: int = 0o600
    owner: Owner = OURS

    def are_those_of(self, found: os.stat_result) -> bool:
        """Return whether a file has them."""
        return (
            stat.S_IMODE(found.st_mode) == self.perms
            and self.is_owner(found)
            and self.owner.gid in {-1, found.st_gid}
        )

    def is_owner(self, found: os.stat_result) -> bool:
        """Return whether a file has the right user; by default us: others may plant one."""
        return found.st_uid == (os.geteuid() if self.owner.uid == -1 else self.owner.uid)

    def give_to(self, fd: int, path: str) -> None:
        """Apply them to a file that is ours and has mode 0600; `path` is for messages.

        In the order group, mode, user: at no moment can a user read it who may not read it in the
        end, and it needs only CAP_CHOWN (chmod on another user's file needs CAP_FOWNER).
        """
        if self.owner.gid != -1:
            _chown(fd, Owner(gid=self.owner.gid), path)
        self._set_mode(fd, path)
        if self.owner.uid != -1:
            _chown(fd, Owner(uid=self.owner.uid), path)
            if self.perms & _SET_ID:  # chown has cleared these bits
                self._set_mode(fd, path)

    def _set_mode(self, fd: int, path: str) -> None:
        try:
            os.fchmod(fd, self.perms)
        except PermissionError as error:
            found = os.fstat(fd)
            raise WriteError(
                f"write {path}: cannot set mode {self.perms:04o} (running as uid {os.geteuid()}): "
                f"it belongs to uid {found.st_uid}; run as that uid, or set "
                f'`perms: "{stat.S_IMODE(found.st_mode):04o}"`, which it has'
            ) from error


def _chown(fd: int, owner: Owner, path: str) -> None:
    try:
        os.fchown(fd, owner.uid, owner.gid)
    except OSError as error:
        # EINVAL: the number does not exist in this user namespace.
        if error.errno not in {errno.EPERM, errno.EINVAL}:
            raise
        raise WriteError(f"write {path}: {_cannot_give(owner)}") from error


def _cannot_give(owner: Owner) -> str:
    if owner.uid != -1:
        return (
            f"cannot give it to uid {owner.uid} (running as uid {os.geteuid()}): "
            "run as that uid, add CAP_CHOWN, or drop `user`"
        )
    return (
        f"cannot give it to gid {owner.gid} (running as uid {os.geteuid()}, gid {os.getegid()}): "
        "run with that group, add CAP_CHOWN, or drop `group`"
    )


def giving_problems(owner: Owner) -> list[str]:
    """Return, before the first write, what `give_to` would raise."""
    euid = os.geteuid()
    found: list[str] = []
    if owner.uid not in {-1, euid} and not _may_chown(euid):
        found.append(_cannot_give(Owner(uid=owner.uid)))
    if owner.gid not in {-1, os.getegid(), *os.getgroups()} and not _may_chown(euid):
        found.append(_cannot_give(Owner(gid=owner.gid)))
    return found


@cache
def _may_chown(_euid: int) -> bool:
    """Read whether CAP_CHOWN is in effect, once for each uid this process has."""
    with open("/proc/self/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> _CAP_CHOWN & 1)
    return False
