"""The record of one rendering: which secrets it used, and which keys it did not find."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from injector.secret import Ref


class Miss(Struct, frozen=True):
    """A key that was not found. The key may be a secret value: see `explain`."""

    place: str  # the secret, or the map or list in it
    key: str
    known: Iterable[str] = ()
    what: str = "key"
    is_null: bool = False
    why: str = ""  # there is nothing that could have keys


@dataclass(slots=True)
class Reading:
    """What happened while a template was rendered once.

    A marker stands for a secret that is missing. Once the engine has turned a marker into a value,
    `leaked` is true, and nothing computed from then on can be trusted. In a template that is not
    `is_open` the first use counts, since there the engine may compare a marker without notice.
    """

    is_open: bool = True
    used: set[Ref] = field(default_factory=set)
    lacking: set[Ref] = field(default_factory=set)
    leaked: bool = False
    missed: Miss | None = None
    # The first map, list or null that the engine itself converted to text.
    misprint: str = ""
    misprinted_at: int = 0
    line: int = 0  # only where tags say their lines
    # What `secret` was called for at each line; None where only another secret can tell.
    asked: dict[int, set[Ref | None]] = field(default_factory=lambda: defaultdict(set))

    def marker_used(self) -> None:
        self.leaked = self.leaked or not self.is_open

    def marker_leaked(self) -> None:
        self.leaked = True

    def misprinted(self, what: str) -> None:
        if not self.misprint:
            self.misprint, self.misprinted_at = what, self.line

    def at_line(self, line: int) -> str:
        """Note where the rendering is; as a function in the template it prints nothing."""
        self.line = line
        return ""
