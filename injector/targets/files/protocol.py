"""What all destinations have in common."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from msgspec import Struct

# The content of a file is bytes; that of a bundle, or of an environment, is bytes by name.
C_contra = TypeVar("C_contra", contravariant=True)


class Destination(Protocol[C_contra]):
    """Where the content goes: a file, a bundle of files, the environment of a command.

    `memory` is what it knows about the destination, and outlives a reload.
    """

    path: str
    memory: Any

    @property
    def content_hash(self) -> str:
        """Digest of what was last written or found correct; empty before that."""

    @property
    def identity(self) -> tuple[int, ...]:
        """What stat() said of it then."""

    @property
    def earlier(self) -> bytes | None:
        """What the next process needs for a rollback, if the accepted content is not in place."""

    def recall(self, content_hash: str, identity: tuple[int, ...], earlier: bytes | None) -> None:
        """Start with what an earlier process knew."""

    def hash_of(self, content: C_contra) -> str:
        """Return the `content_hash` that this content would have."""

    def write(self, content: C_contra) -> bool:
        """Make this content visible; return whether anything changed. Raises WriteError."""

    def is_intact(self) -> bool:
        """Return, cheaply, whether this is still what we left."""

    def remove(self) -> bool:
        """Remove it; return whether there was anything. Raises WriteError."""

    def accept(self) -> None:
        """Note that the application accepted the current content: rollbacks return to it."""

    def rollback(self) -> None:
        """Return to the accepted content; raises WriteError if it is in place, or there is none."""

    @property
    def has_old(self) -> bool:
        """Return whether replaced content is kept for readers that may still use it."""

    def drop_old(self) -> None:
        """Remove what was already kept at the last call. Raises WriteError."""

    def close(self) -> None:
        """On shutdown: remove replaced content, except what a rollback may need.

        Raises WriteError.
        """

    def remove_leftovers(self) -> list[str]:
        """Remove leftovers of killed runs; return their paths."""


class Staged(Struct, frozen=True):
    """A new file, or the new version of a bundle, at `path`: complete, but not visible yet."""

    path: str
    content_hash: str
    commit: Callable[[], None]  # makes it visible; raises WriteError, and then discards it
    discard: Callable[[], None]


class Staging(Destination[C_contra], Protocol[C_contra]):
    """A destination whose new content can be looked at before readers see it."""

    def stage(self, content: C_contra) -> Staged | None:
        """Prepare what `write` would do; None if nothing would change. Raises WriteError."""


class KeepsNoOld:
    """The base of destinations that keep nothing for readers."""

    has_old = False

    @property
    def earlier(self) -> bytes | None:
        """None: the next process cannot roll back."""
        return None

    def drop_old(self) -> None:
        """Remove what was already kept at the last call."""

    def close(self) -> None:
        """Do nothing: replaced content is already gone."""

    def remove_leftovers(self) -> list[str]:
        """Do nothing: those of all files are removed together, by directory."""
        return []
