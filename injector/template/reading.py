"""The record of one rendering: which secrets it reached for, and what it did not find there."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from injector.secret import Ref


@dataclass(frozen=True, slots=True)
class Miss:
    """A key that was asked for in vain. The key may be a value: see `explain`."""

    place: str  # the secret, or the map or list in it
    key: str
    known: Iterable[str] = ()
    what: str = "key"
    is_null: bool = False
    why: str = ""  # there is nothing that could have keys


@dataclass(slots=True)
class Reading:
    """What happened while a template was rendered once.

    A secret that is not there yet is stood in for by a marker. Once the engine has turned a marker
    into a value, `leaked` is true, and nothing that is computed from then on may be believed. In a
    template that is not `is_open` the first use counts, since there the engine may compare it
    without asking.
    """

    is_open: bool = True
    used: set[Ref] = field(default_factory=set)
    lacking: set[Ref] = field(default_factory=set)
    leaked: bool = False
    missed: Miss | None = None
    # The first map, list or null that was taken for text where the engine asks nobody.
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
