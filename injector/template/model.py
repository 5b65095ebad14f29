"""What goes into a template and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from injector.secret import Ref

if TYPE_CHECKING:
    from injector.template.uses import Use

# The data of a secret, plain JSON values.
Content = Mapping[str, Any]
# None: an optional secret that does not exist.
Snapshot = Mapping[Ref, Content | None]
# The text of one file as bytes; that of several as bytes by name.
C_co = TypeVar("C_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Source:
    """A template as the configuration has it; `name` is what errors call it."""

    name: str
    text: str = field(repr=False)
    left_delimiter: str = "{{"
    right_delimiter: str = "}}"
    error_on_missing_key: bool = True


class Template(Protocol):
    """A template of any language, compiled."""

    @property
    def name(self) -> str:
        """Return what errors call it."""

    @property
    def refs(self) -> frozenset[Ref]:
        """Return the secrets it needs, as far as known before any request."""

    def render(self, snapshot: Snapshot) -> "Rendered[bytes] | Lacking":
        """Return the content, or every missing secret; raises RenderError, MissingError."""

    def uses(self) -> "list[Use]":
        """Return every place that uses a secret, for writing policies."""


@dataclass(frozen=True, slots=True)
class Rendered(Generic[C_co]):
    """The content, and every secret it was made from."""

    content: C_co = field(repr=False)
    used: frozenset[Ref]


@dataclass(frozen=True, slots=True)
class Lacking:
    """No content yet: these secrets are not in the snapshot."""

    refs: frozenset[Ref]
