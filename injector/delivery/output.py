"""One thing that changes as a whole: what it is made from, where it goes and who is notified."""

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
        """Return the secrets it needs, as far as known before any request."""

    def render(self, snapshot: Snapshot) -> Rendered[C_co] | Lacking:
        """Return the content, or every secret that is lacking; raises RenderError."""


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

    def stage(self, content: C_contra) -> Staged | None:
        """Prepare what `write` would do; None if nothing would change. Raises WriteError."""

    def is_intact(self) -> bool:
        """Return, cheaply, whether this is still what we left."""

    def remove(self) -> bool:
        """Remove it; return whether there was anything. Raises WriteError."""

    def accept(self) -> None:
        """Note that the application accepted the current content: rollbacks return to it."""

    def rollback(self) -> None:
        """Return to the accepted content; raises WriteError if it is in place, or there is none."""

    @property
    def holds(self) -> bool:
        """Return whether replaced content is kept for readers that may still use it."""

    def retire(self) -> None:
        """Remove what was already kept at the last call. Raises WriteError."""

    def close(self) -> None:
        """On shutdown: remove replaced content, except what a rollback may need.

        Raises WriteError.
        """

    def sweep(self) -> list[str]:
        """Remove leftovers of killed runs; return their paths."""


@dataclass(slots=True, eq=False)
class Output(Generic[C]):
    """A file, or files that change together, and their state. Times are on the injected clock.

    `kind` and `name` are what health, metrics and logs call it: a file is named by its path.
    """

    kind: str
    name: str
    renderer: Renderer[C]
    destination: Destination[C]
    targets: tuple[str, ...] = ()
    wait: model.Wait | None = None
    # Called with the path of staged content before readers see it; raises HookError to reject it.
    check: Callable[[str], Awaitable[None]] | None = None
    delete_on_remove: bool = False  # when a reload removes its entry
    # The secrets it needs: those known beforehand, and those that rendering has revealed.
    wants: frozenset[Ref] = frozenset()
    lacking: frozenset[Ref] = frozenset()  # what was missing at the last rendering
    delivered: dict[Ref, Generation] = field(default_factory=dict)  # what readers see
    accepted: dict[Ref, Generation] = field(default_factory=dict)  # what its applications accepted
    settled: bool = False  # delivered at least once since the configuration was read
    standing: bool = False  # what was delivered earlier is still in place
    failures: int = 0
    was_failing: bool = False  # when a reload came: its recovery is still to be reported

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"{self.kind} {self.name}" if self.kind == "bundle" else self.name

    def unaccepted(self, generations: Mapping[Ref, Generation]) -> list[Rotation]:
        """Return those that its applications have not accepted yet."""
        return [
            found.rotation
            for ref, found in generations.items()
            if self.accepted.get(ref) is not found
        ]
