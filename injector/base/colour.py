"""Whether to write in colours: on a terminal that has them, unless the environment objects."""

from collections.abc import Mapping
from typing import TextIO


def is_wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Heed NO_COLOR (no-color.org), and a terminal that says it has no colours."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
