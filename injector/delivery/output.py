"""One thing that changes as a whole: what it is made from, where it goes and who is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from injector.config import model
from injector.destination import Staged
from injector.rotations import Rotation
from injector.secret import Ref
from injector.store import Generation
from injector.template import Lacking, Rendered, Snapshot

# The content of a file is bytes; that of a bundle, or of an environment, is bytes by name.
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)
C_contra = TypeVar("C_contra", contravariant=True)


class Renderer(Protocol[C_co]):
    """Makes the content from a snapshot of secrets."""

    @property
    def refs(self) -> frozenset[Ref]:
        """Return what it needs, as far as known before any request."""

    def render(self, snapshot: Snapshot) -> Rendered[C_co] | Lacking:
        """Return the content, or every secret that is lacking; raises RenderError."""


class Destination(Protocol[C_contra]):
    """Where the content goes: a file, a bundle of files, the environment of a command.

    `memory` is what it knows of the place, and outlives a reload.
    """

    path: str
    memory: Any

    @property
    def content_hash(self) -> str:
        """Digest of what was last written or found right; empty before that."""

    @property
    def identity(self) -> tuple[int, ...]:
        """What stat() said of it then."""

    @property
    def earlier(self) -> bytes | None:
        """What the next process needs to go back to what was accepted, if that is not there."""

    def recall(self, content_hash: str, identity: tuple[int, ...], earlier: bytes | None) -> None:
        """Begin with what an earlier process knew."""

    def hash_of(self, content: C_contra) -> str:
        """Return the `content_hash` that this content would have."""

    def write(self, content: C_contra) -> bool:
        """Let readers see this content; return whether anything changed. Raises WriteError."""

    def stage(self, content: C_contra) -> Staged | None:
        """Prepare what `write` would do; None if nothing would change. Raises WriteError."""

    def is_intact(self) -> bool:
        """Return, at little cost, whether this is still what we left."""

    def remove(self) -> None:
        """Take it away from readers. Raises WriteError."""

    def accept(self) -> None:
        """Note that the application has taken what is there: nobody goes back behind it."""

    def rollback(self) -> None:
        """Let readers see what was accepted again; raises WriteError if they do, or none is."""

    @property
    def holds(self) -> bool:
        """Return whether something is held for readers who may still be in it."""

    def retire(self) -> None:
        """Remove what was held for readers at the last call already. Raises WriteError."""

    def close(self) -> None:
        """At the end: remove what was replaced, but for what may be gone back to.

        Raises WriteError.
        """

    def sweep(self) -> list[str]:
        """Remove what killed runs have left; return the paths that are gone."""


@dataclass(slots=True, eq=False)
class Output(Generic[C]):
    """A file, or files that change together, and their progress. Times are on the injected clock.

    `kind` and `name` are what health, metrics and logs call it: a file is named by its path.
    """

    kind: str
    name: str
    renderer: Renderer[C]
    destination: Destination[C]
    targets: tuple[str, ...] = ()
    wait: model.Wait | None = None
    # Has to succeed on the path of the staged content before readers see it; raises HookError.
    check: Callable[[str], Awaitable[None]] | None = None
    delete_on_remove: bool = False  # when a reload removes its entry
    # What it wants: what is known beforehand, and what rendering has revealed since.
    wants: frozenset[Ref] = frozenset()
    lacking: frozenset[Ref] = frozenset()  # what the last rendering could not do without
    delivered: dict[Ref, Generation] = field(default_factory=dict)  # what readers see
    told: dict[Ref, Generation] = field(default_factory=dict)  # what its applications have taken
    settled: bool = False  # delivered at least once since the configuration was read
    standing: bool = False  # what was delivered before that is still there
    failures: int = 0

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return f"{self.kind} {self.name}" if self.kind == "bundle" else self.name

    def untaken(self, generations: Mapping[Ref, Generation]) -> list[Rotation]:
        """Return those of these that its applications have not taken yet."""
        return [
            found.rotation for ref, found in generations.items() if self.told.get(ref) is not found
        ]
