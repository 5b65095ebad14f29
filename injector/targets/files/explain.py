"""Explains failed writes: what the operating system's error means, and what to do."""

import errno
import os
import stat

from injector.base.errors import WriteError

# Advice where a rollback is impossible.
KEPT = "what it has rejected stays: correct the secret or the template"
_REMEDIES = {
    errno.EROFS: "mount it writable, or choose another directory",
    errno.ENOSPC: "the filesystem is full: free space, or raise its size (`sizeLimit`, `size=`)",
    errno.EDQUOT: "the disk quota of this user or group is exhausted: free space, or raise it",
    errno.ENAMETOOLONG: "a name can have at most 255 bytes and a path 4095: choose a shorter one",
    errno.EBUSY: "a mount point is in the way: mount the directory instead",
    errno.ENOENT: "somebody removed the directory meanwhile: the next attempt makes it again",
    errno.ESTALE: "a directory on the path to it was changed at that very moment",
    errno.ENOTDIR: "part of the path to it is not a directory: move that away",
    errno.EISDIR: "there is a directory in its place: move it away",
}
_OR_IN_PLACE = ", or set `in_place: true`"
_NOT_MADE = "the directory does not exist: create it, or set `create_dest_dirs: true`"


def failure(
    action: str,
    path: str,
    error: OSError,
    *,
    needs: str = "",
    makes_directory: bool = True,
    offers_in_place: bool = False,
) -> WriteError:
    """Make the error for `action` ("write", "remove") on the destination `path`.

    `needs` is what has to be writable for it; a file is replaced through its directory. Without
    `makes_directory`, a missing directory stays missing. With `offers_in_place`, `path` has that
    option.
    """
    needs = needs or os.path.dirname(path)
    remedy = _REMEDIES.get(error.errno or 0, "")
    if error.errno == errno.ENOENT and not makes_directory:
        remedy = _NOT_MADE
    if error.errno == errno.EBUSY and offers_in_place:
        remedy += _OR_IN_PLACE
    if error.errno in {errno.EACCES, errno.EPERM}:
        remedy = f"make {needs} writable for uid {os.geteuid()}, or run as its owner"
    text = f"{action} {path}: {error.strerror} (running as uid {os.geteuid()}; {describe(needs)})"
    return WriteError(f"{text}: {remedy}" if remedy else text)


def in_the_way(path: str, mode: int) -> str:
    """Say that something else has our name, and is left alone."""
    if stat.S_ISLNK(mode):
        return (
            f"{path} is a symbolic link, which is neither followed nor replaced, since somebody "
            "may have planted it: remove it, or set `destination` to the path it should lead to"
        )
    if stat.S_ISREG(mode):
        return f"{path} is a file that the bundle did not create, and is left alone: move it away"
    kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
    return f"{path} is {kind}, and is left alone: move it away, or choose another `destination`"


def tampered(path: str) -> str:
    """Say that checked content was modified before its use."""
    return (
        f"write {path}: the new content was changed between its check and its use, so it was "
        "not used: let only the injector's user and root write in its directory"
    )


def append_only(directory: str) -> str:
    return (
        f"{directory} is append-only, so that nothing in it can be replaced, and temporary files "
        f"would stay: run `chattr -a` on it, or choose another directory"
    )


_OF_THE_KERNEL = frozenset(
    ("proc", "sysfs", "cgroup2", "cgroup", "devpts", "securityfs", "debugfs")
)


def off_memory(path: str, filesystem: str) -> str:
    """Say that `path` would outlive a power cut, or cannot be there at all."""
    if filesystem in _OF_THE_KERNEL:
        return (
            f"{path} is on {filesystem}, where the kernel shows itself and no file can be made; "
            "use a directory on tmpfs, such as /run or /dev/shm"
        )
    return (
        f"{path} is on {filesystem}, where secrets outlive the machine's memory; use a directory "
        "on tmpfs (pod: emptyDir with `medium: Memory`; compose: `tmpfs:`), or set "
        "`require_memory_backed: false`"
    )


def foreign_link(path: str, link: str, uid: int) -> str:
    return (
        f"{path} goes through the symbolic link {link}, which belongs to uid {uid} and may have "
        f"been planted: write the path it should lead to ({os.path.realpath(path)})"
    )


def exchangeable(path: str, directory: str, found: os.stat_result, who: str) -> str:
    """Say who could put a file of theirs in the place of ours; `who` is empty for its owner."""
    if not who:
        return (
            f"{path}: {directory} belongs to uid {found.st_uid}, who can put another file in its "
            f"place: use a directory of uid {os.geteuid()} or root, or set `user` to that uid"
        )
    return (
        f"{path}: {who} can put another file in its place, since {directory} has mode "
        f"{stat.S_IMODE(found.st_mode):04o}: run `chmod go-w` on it, `chmod +t` if others have "
        "files there, or use another directory"
    )


def not_writable(path: str, needs: str) -> str:
    """Say that `needs`, which is `path` or a parent of it, prevents writing."""
    return (
        f"{path} is not writable for uid {os.geteuid()} ({describe(needs)}): "
        "make it writable, mount it writable, or run as its owner"
    )


def describe(path: str) -> str:
    """Name a file or directory with the mode and owner that decide who may write there."""
    try:
        found = os.stat(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return f"{path} has mode {stat.S_IMODE(found.st_mode):04o} and belongs to uid {found.st_uid}"
