"""Which local files a template may use.

A literal path was chosen by the author of the template. A computed one may come from a secret, and
whoever can write that secret must not choose which file is read or overwritten.
"""

import os
from collections.abc import Collection

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.model import Surroundings


def require_inside(path: str, surroundings: Surroundings, spelled: Collection[str]) -> None:
    """Raise GoError if the template may not use this file."""
    if surroundings.sandbox_path:
        if not _is_in(path, surroundings.sandbox_path):
            raise GoError(f"{VALUE} is outside `sandbox_path`", path)
    elif path not in spelled and not _is_in(path, os.path.dirname(surroundings.destination)):
        raise GoError(
            "the path is computed, and outside the destination's directory; set `sandbox_path` to "
            "the directory that it may be in"
        )


def _is_in(path: str, directory: str) -> bool:
    """Return whether a path is inside a directory after resolving symbolic links."""
    if not directory or directory == "/dev":
        return False
    root = os.path.join(os.path.realpath(directory), "")
    return os.path.realpath(path).startswith(root)
