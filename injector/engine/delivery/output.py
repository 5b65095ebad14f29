"""One thing that changes as a whole: what it is made from, where it goes and who is notified."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from injector.config import model
from injector.engine.delivery.output_state import OutputState
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


@dataclass(frozen=True, slots=True, eq=False)
class Output(Generic[C]):
    """A file, or files that change together, as the configuration describes them.

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
    state: OutputState = field(default_factory=OutputState)

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"{self.kind} {self.name}" if self.kind == "bundle" else self.name

    @property
    def key(self) -> tuple[str, str]:
        """Its identity across reloads: a bundle that moves is another one."""
        return self.name, self.destination.path

    def resume(self, before: OutputState) -> None:
        """Begin with what was known about it under the last configuration.

        A template that has begun to write other files as well knows nothing of them yet.
        """
        if isinstance(before.memory, type(self.destination.memory)):
            self.destination.memory = before.memory
        self.state.resume(before, is_intact=self.destination.is_intact())

    def carry_over(self) -> OutputState:
        """Return what the next configuration begins with."""
        self.state.memory = self.destination.memory
        return self.state
