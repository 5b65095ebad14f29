"""The symbolic links of a bundle's directory, and the single rename that swaps them."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from injector.base.errors import WriteError
from injector.targets.files import explain
from injector.targets.files.bundle_version import NAME, BundleVersion
from injector.targets.files.directory import Directory

DATA = "..data"
_DATA_NEXT = "..data_tmp"


def current_name(bundle: Directory) -> str | None:
    """Return the name of the current version; refuse anything that is not ours."""
    try:
        name = os.readlink(DATA, dir_fd=bundle.fd)
    except FileNotFoundError:
        return None
    except OSError:  # EINVAL: not a link
        name = "something that is not a link"
    if NAME.fullmatch(name) is None:
        raise WriteError(
            f"{bundle.path}/{DATA} is {name}, which is not ours, and is left alone: "
            "give the bundle a directory of its own"
        )
    return name


def foreign_entries(bundle: Directory, entries: Iterable[str]) -> list[str]:
    """List anything that has a member's name but is not our link to it."""
    found = []
    for entry in sorted(entries):
        with suppress(FileNotFoundError):
            mode = os.stat(entry, dir_fd=bundle.fd, follow_symlinks=False).st_mode
            if not stat.S_ISLNK(mode) or not _leads_to_data(bundle, entry):
                found.append(explain.in_the_way(os.path.join(bundle.path, entry), mode))
    return found


def leads_to(bundle: str, version: BundleVersion) -> bool:
    """Return whether every name of a version leads to it, from the bundle's path."""
    return os.readlink(f"{bundle}/{DATA}") == version.name and all(
        os.readlink(f"{bundle}/{entry}") == f"{DATA}/{entry}" for entry in version.entries
    )


def swap(bundle: Directory, version: BundleVersion) -> None:
    """Make this version current. Steps 5 to 8 of the bundle's algorithm."""
    with bundle.enter(version.name):  # it exists: otherwise readers would be left with nothing
        pass
    made: list[str] = []
    try:
        # 5. New names dangle until the swap, as if they were missing.
        for entry in sorted(version.entries):
            with suppress(FileExistsError):
                os.symlink(f"{DATA}/{entry}", entry, dir_fd=bundle.fd)
                made.append(entry)
        if foreign := foreign_entries(bundle, version.entries):
            raise WriteError("\n".join(foreign))
        # 6. A link to the new version, next to the one that readers follow.
        _unlink(bundle, [_DATA_NEXT])
        os.symlink(version.name, _DATA_NEXT, dir_fd=bundle.fd)
        made.append(_DATA_NEXT)
        # 7. The swap itself: one rename.
        os.replace(_DATA_NEXT, DATA, src_dir_fd=bundle.fd, dst_dir_fd=bundle.fd)
    except BaseException:
        if current_name(bundle) != version.name:
            _unlink(bundle, made)
        raise
    bundle.sync()
    # 8. Remove names that this version does not have.
    remove_stale(bundle, version.entries)


def remove_stale(bundle: Directory, entries: Iterable[str]) -> list[str]:
    """Remove our links with other names than these; return them."""
    keep = {*entries, DATA}
    stale = [name for name in bundle.listdir() if name not in keep and _is_ours(bundle, name)]
    return _unlink(bundle, stale)


def _is_ours(bundle: Directory, name: str) -> bool:
    return name == _DATA_NEXT or _leads_to_data(bundle, name)


def _leads_to_data(bundle: Directory, entry: str) -> bool:
    try:
        return os.readlink(entry, dir_fd=bundle.fd) == f"{DATA}/{entry}"
    except OSError:
        return False


def _unlink(bundle: Directory, names: Iterable[str]) -> list[str]:
    removed = []
    for name in names:
        with suppress(OSError):
            os.unlink(name, dir_fd=bundle.fd)
            removed.append(name)
    return removed
