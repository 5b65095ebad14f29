"""Finds a directory that is kept in memory."""

import os
import tempfile
from collections.abc import Iterable

from injector.targets.files import mounts


def memory_backed(parents: Iterable[str]) -> str | None:
    """Return the first of these directories that is writable and in memory."""
    return next(filter(_usable, parents), None)


def usual_parents() -> tuple[str, ...]:
    return "/dev/shm", os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()  # noqa: S108


def _usable(path: str) -> bool:
    if not os.access(path, os.W_OK | os.X_OK):
        return False
    filesystem = mounts.current().filesystem(os.stat(path).st_dev, os.path.realpath(path))
    return filesystem in mounts.MEMORY_BACKED
