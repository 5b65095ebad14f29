"""Appends to a file that another program creates, reads and removes: the runner of a CI job."""

import os
import stat

from injector.base.errors import WriteError
from injector.targets.files import explain
from injector.targets.files.directory import open_directory
from injector.targets.files.regular import open_regular, write_all


def append(path: str, content: bytes) -> bool:
    """Append whole lines; return False if they are already there. Raises WriteError.

    A failure leaves the file unchanged.
    """
    directory, name = os.path.split(path)
    try:
        with open_directory(directory, create=False, require_memory_backed=False) as opened:
            fd = open_regular(opened, name, os.O_RDWR | os.O_APPEND)
        with open(fd, "r+b", buffering=0) as file:
            before = file.read()
            if b"\n" + content in b"\n" + before:
                return False
            glue = b"\n" if before and not before.endswith(b"\n") else b""
            try:
                write_all(fd, glue + content)
            except BaseException:
                os.ftruncate(fd, len(before))
                raise
            return True
    except FileNotFoundError:
        raise WriteError(_missing(path)) from None
    except OSError as error:
        raise explain.failure("append to", path, error, needs=path) from error


def append_problems(path: str) -> list[str]:
    """List what would prevent `append` from working, without writing anything."""
    try:
        found = os.lstat(path)
    except OSError:
        return [_missing(path)]
    if not stat.S_ISREG(found.st_mode):
        return [explain.in_the_way(path, found.st_mode)]
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return [explain.not_writable(path, path)]
    return []


def _missing(path: str) -> str:
    return (
        f"append to {path}: there is no such file; a runner creates one for each step, so use "
        "`destination: ${GITHUB_ENV}` in the step itself"
    )
