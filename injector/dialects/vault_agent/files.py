"""Finds the files for a path of the agents' command line."""

import os

from injector.base.errors import ConfigError, unreadable


def files(path: str) -> list[str]:
    """Return the file, or those of a directory in alphabetical order; raises ConfigError.

    The agents use the order of the directory listing, which is not reliable.
    """
    if not os.path.isdir(path):
        return [path]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {unreadable(error)}") from None
    found = [os.path.join(path, name) for name in names if _counts(name)]
    found = [file for file in found if not os.path.isdir(file)]
    if not found:
        raise ConfigError(f"{path}: contains no file that ends in .hcl or .json; specify one")
    return found


def _counts(name: str) -> bool:
    """Return whether the agents would read the file; they ignore editors' backup files."""
    is_copy = name.endswith("~") or name.startswith(".#") or (name[0] == name[-1] == "#")
    return name.endswith((".hcl", ".json")) and not is_copy
