"""One thing that changes as a whole: what it is made from, where it goes and who is notified."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from injector.config import model
from injector.engine.history import Rotation
from injector.engine.store import Generation
from injector.rendering.template import Lacking, Rendered, Snapshot
from injector.secret import Ref
from injector.targets.files.protocol import Destination, Staging

# The content of a file is bytes; that of a bundle, or of an environment, is bytes by name.
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class Renderer(Protocol[C_co]):
    """Makes the content from a snapshot of secrets."""

    @property
    def refs(self) -> frozenset[Ref]:
        """Return the secrets it needs, as far as known before any request."""

    def render(self, snapshot: Snapshot) -> Rendered[C_co] | Lacking:
        """Return the content, or every secret that is lacking; raises RenderError."""


@dataclass(frozen=True, slots=True)
class Check(Generic[C]):
    """What new content must pass before readers see it; it is staged at the output's destination.

    `run` is called with the path of what is staged; it raises HookError to reject it.
    """

    destination: Staging[C]
    run: Callable[[str], Awaitable[None]]


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
    check: Check[C] | None = None
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
