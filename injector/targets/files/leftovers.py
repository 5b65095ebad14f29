"""Removes temporary files of killed runs."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from injector.base.errors import WriteError
from injector.targets.files.directory import Directory, open_directory
from injector.targets.files.regular import TEMPORARY


def remove(directories: Iterable[str]) -> list[str]:
    """Remove leftovers of killed runs from these directories; return their paths.

    Only regular files with our kind of name that this user created; root also removes those that it
    may have given away. If one cannot be removed, the check of the directory's rights reports that.
    """
    removed = []
    for path in sorted(set(directories)):
        with (
            suppress(OSError, WriteError),
            open_directory(path, create=False, require_memory_backed=False) as directory,
        ):
            removed += [os.path.join(path, name) for name in _remove_from(directory)]
    return removed


def _remove_from(directory: Directory) -> list[str]:
    removed = []
    for name in directory.listdir():
        if TEMPORARY.fullmatch(name) is None:
            continue
        with suppress(OSError):
            found = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) and made_by_us(found):
                os.unlink(name, dir_fd=directory.fd)
                removed.append(name)
    return removed


def made_by_us(found: os.stat_result) -> bool:
    return os.geteuid() in {0, found.st_uid}
