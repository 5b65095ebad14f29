"""Finds what would prevent a destination from being written, without writing anything."""

import errno
import os
import stat
from collections.abc import Callable

from injector.base.errors import WriteError
from injector.targets.files import acl, explain, mounts
from injector.targets.files.directory import Directory, open_nearest
from injector.targets.files.links import foreign_link
from injector.targets.files.rights import OURS, Owner, giving_problems
from injector.targets.files.trust import Trust


def spelling_problem(path: str) -> str:
    """Return what is wrong with the spelling of a path; empty if nothing is."""
    if not path.startswith("/"):
        return f"{path!r} is not an absolute path"
    if path.endswith("/"):
        return f"{path} is the name of a directory: add the file's name"
    if "\0" in path or not {".", ".."}.isdisjoint(path.split("/")):
        return f"{path!r}: write it without `.`, `..` and NUL bytes"
    return ""


def directory_problems(
    path: str,
    *,
    require_memory_backed: bool,
    create: bool,
    writable: bool = True,
    trust: Trust | None = None,
) -> list[str]:
    """List everything that is wrong with a directory to write to, or where it would be created."""
    try:
        fd, existing, missing = open_nearest(path)
    except OSError as error:
        return [explain.failure("use", path, error, needs=path).args[0]]
    try:
        if missing and not create:
            return [f"the directory {path} is missing: make it, or set `create_dest_dirs: true`"]
        found = []
        if missing and os.path.islink(dangling := os.path.join(existing, missing[-1])):
            found.append(f"{dangling} is a symbolic link that leads nowhere: remove it")
        if link := foreign_link(fd, existing):
            found.append(explain.foreign_link(path, *link))
        elif trust is not None and (stranger := trust.stranger(fd, existing)):
            found.append(explain.exchangeable(path, *stranger))
        if writable:
            found += _append_only(fd, existing)
        filesystem = mounts.current().filesystem(os.fstat(fd).st_dev, existing)
        if require_memory_backed and filesystem not in mounts.MEMORY_BACKED:
            found.append(explain.off_memory(path, filesystem))
        if writable and not _may(".", os.W_OK | os.X_OK, fd):
            found.append(explain.not_writable(path, existing))
        return found
    finally:
        os.close(fd)


def problems(
    path: str,
    *,
    require_memory_backed: bool,
    require_trusted_directory: bool = True,
    in_place: bool,
    create_dest_dirs: bool = True,
    owner: Owner = OURS,
    look: Callable[..., list[str]] = directory_problems,
) -> list[str]:
    """List everything that is wrong with a destination; every entry says what to do about it.

    `look` is `directory_problems`, or a function that remembers its answers.
    """
    if problem := spelling_problem(path):
        return [problem]
    found = []
    if owner is not OURS:
        found += [f"{path}: {problem}" for problem in giving_problems(owner)]
    is_mounted = mounts.current().is_mount_point(path)
    if is_mounted and not in_place:
        found.append(
            f"{path} is itself a mount point, and a mounted file cannot be replaced: "
            "mount the directory instead, or set `in_place: true`"
        )
    mode = None
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # other errors are those of the directory, below
            return [*found, explain.failure("use", path, error).args[0]]
    if mode is not None and not stat.S_ISREG(mode):
        found.append(explain.in_the_way(path, mode))
    overwrites = in_place and mode is not None
    if overwrites and not _may(path, os.W_OK | os.R_OK):
        found.append(explain.not_writable(path, path))
    return found + look(
        os.path.dirname(path),
        require_memory_backed=require_memory_backed,
        create=create_dest_dirs,
        writable=not overwrites,
        trust=Trust(owner.uid) if require_trusted_directory and not is_mounted else None,
    )


def _append_only(fd: int, path: str) -> list[str]:
    try:
        Directory(fd, path, memory_backed=True).require_replaceable()
    except WriteError as error:
        return [str(error)]
    return []


def inherited(path: str, perms: int, directory: str) -> str:
    """Return a warning if a default list of access makes a file readable to more than its mode."""
    while (
        not os.path.isdir(directory) and directory != "/"
    ):  # a new directory inherits the list of its parent
        directory = os.path.dirname(directory)
    who = ", ".join(map(str, acl.heirs(directory))) if perms & stat.S_IRWXG else ""
    if not who:
        return ""
    return (
        f"{path} will be open to {who} as well, by the default access control list of {directory}: "
        'run `setfacl -k` on that, or set `perms: "0600"`'
    )


def _may(path: str, access: int, directory: int | None = None) -> bool:
    return os.access(path, access, dir_fd=directory, effective_ids=True)
