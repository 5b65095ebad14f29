"""Which files a path of the agents' command line stands for."""

import os

from injector.errors import ConfigError, unreadable


def files(path: str) -> list[str]:
    """Return the file, or those of a directory, in the order of their names; raises ConfigError.

    The agents take them as the directory lists them, which is no order to build on.
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
        raise ConfigError(f"{path}: holds no file that ends in .hcl or .json; name one")
    return found


def _counts(name: str) -> bool:
    """Tell whether the agents would read it; they leave editors' copies alone."""
    is_copy = name.endswith("~") or name.startswith(".#") or (name[0] == name[-1] == "#")
    return name.endswith((".hcl", ".json")) and not is_copy
