"""Which generations of a bundle are there, and which of them may go. Bookkeeping only: no I/O."""

from dataclasses import dataclass, field

from injector.destination.generation import Generation

# More than these are not held for readers: a secret that changes every second must not fill memory.
MOST_HELD = 8


@dataclass(slots=True)
class Memory:
    """What we last knew."""

    current: Generation | None = None
    accepted: Generation | None = None  # what `rollback` returns to
    held: list[str] = field(default_factory=list)  # replaced, oldest first
    aged: int = 0  # how many of them were held at the last `retire` already
    begun: bool = False

    def begin(self, found: Generation | None, *, accepted: Generation | None) -> None:
        """Begin with what an earlier run has left."""
        self.current, self.accepted, self.begun = found, accepted, True
        if self.earlier:
            self.held.append(self.earlier)

    @property
    def earlier(self) -> str:
        """The name of the accepted generation, unless it is the current one."""
        if self.accepted is None or self.current is None:
            return ""
        return "" if self.accepted.name == self.current.name else self.accepted.name

    def replace_current(self, new: Generation) -> None:
        for before in (self.accepted, self.current):
            if before is not None and before.name not in self.held:
                self.held.append(before.name)
        self.current = new
        self.let_go(new.name)

    def spare(self, count: int) -> list[str]:
        """Return the oldest `count` of what is held, but never what `rollback` returns to."""
        accepted = self.accepted.name if self.accepted else None
        return [name for name in self.held[: max(count, 0)] if name != accepted]

    def let_go(self, name: str) -> None:
        """Hold a generation no longer."""
        if name in self.held:
            self.aged -= self.held.index(name) < self.aged
            self.held.remove(name)
