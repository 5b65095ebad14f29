"""Which local files a template may reach.

What the template spells out is its author's word. A path that is computed may be made of a secret,
and whoever can write that secret must not choose which file is read or overwritten.
"""

import os
from collections.abc import Collection

from injector.compat.gotemplate.go.faults import VALUE, GoError
from injector.compat.gotemplate.model import Surroundings


def require_inside(path: str, surroundings: Surroundings, spelled: Collection[str]) -> None:
    """Raise GoError if the template may not reach this file."""
    if surroundings.sandbox_path:
        if not _is_in(path, surroundings.sandbox_path):
            raise GoError(f"{VALUE} is outside of `sandbox_path`", path)
    elif path not in spelled and not _is_in(path, os.path.dirname(surroundings.destination)):
        raise GoError(
            "the path is computed, and leads out of the destination's directory; name the one that "
            "it may lead to as `sandbox_path`"
        )


def _is_in(path: str, folder: str) -> bool:
    """Tell whether a path ends up in a folder, whatever links are on the way."""
    if not folder or folder == "/dev":
        return False
    root = os.path.join(os.path.realpath(folder), "")
    return os.path.realpath(path).startswith(root)
