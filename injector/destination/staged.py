"""Content that is complete on disk, and that readers do not see yet."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staged:
    """A new file, or the new generation of a bundle, at `path`."""

    path: str
    content_hash: str
    commit: Callable[[], None]  # let readers see it; raises WriteError, and what fails is discarded
    discard: Callable[[], None]
