"""Content that is complete on disk but not visible to readers yet."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staged:
    """A new file, or the new generation of a bundle, at `path`."""

    path: str
    content_hash: str
    commit: Callable[[], None]  # makes it visible; raises WriteError, and then discards it
    discard: Callable[[], None]
