"""What goes into a template and what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct

from injector.base.errors import InjectorError, Spot
from injector.config.standing import Standing
from injector.secret import Ref

if TYPE_CHECKING:
    from injector.rendering.template.uses import Use

# The data of a secret, plain JSON values.
Content = Mapping[str, Any]
# Names the secret at a path; with parameters, it is asked for by a write.
Refer = Callable[[str, Mapping[str, Any] | None], Ref]
# None: an optional secret that does not exist.
Snapshot = Mapping[Ref, Content | None]
# The text of one file as bytes; that of several as bytes by name.
C_co = TypeVar("C_co", covariant=True)
E = TypeVar("E", bound=InjectorError)


@dataclass(frozen=True, slots=True)
class Source:
    """A template as the configuration has it.

    `name` is what errors call it; `stands` where its text is, if that is not a file of this name.
    """

    name: str
    text: str = field(repr=False)
    left_delimiter: str = "{{"
    right_delimiter: str = "}}"
    error_on_missing_key: bool = True
    stands: Standing | None = None

    def place(self, line: int, column: int = 0) -> str:
        """Return where something is: file:line, or file:line:column."""
        at = (self.stands or Standing(self.name)).line(line, column)
        return f"{self.name}:{at}:{at.column}" if at.column else f"{self.name}:{at}"

    def fault(self, error: E, line: int, column: int = 0, width: int = 1) -> E:
        """Return the error with its place in this template."""
        why = str(error)
        placed = type(error)(f"{self.place(line, column)}: {why}")
        placed.spot = Spot(line, column, width, why)
        return placed


class Template(Protocol):
    """A template of any language, compiled."""

    def place(self, line: int) -> str:
        """Return where this line of it is, as errors say it."""

    @property
    def refs(self) -> frozenset[Ref]:
        """Return the secrets it needs, as far as known before any request."""

    @property
    def files(self) -> frozenset[str]:
        """Return the local files that it reads, as far as known."""

    def render(self, snapshot: Snapshot) -> "Rendered[bytes] | Lacking":
        """Return the content, or every missing secret; raises RenderError, MissingError."""

    def uses(self) -> "list[Use]":
        """Return every place that uses a secret, for writing policies."""


@dataclass(frozen=True, slots=True)
class Rendered(Generic[C_co]):
    """The content, and every secret it was made from."""

    content: C_co = field(repr=False)
    used: frozenset[Ref]


class Lacking(Struct, frozen=True):
    """No content yet: these secrets are not in the snapshot."""

    refs: frozenset[Ref]
