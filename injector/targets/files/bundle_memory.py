"""Tracks the versions of a bundle, and which may be removed. Bookkeeping only: no I/O."""

from dataclasses import dataclass, field

from injector.targets.files.bundle_version import BundleVersion
from injector.targets.files.shared_lock import SharedLock

# At most this many are kept for readers: a secret that changes every second must not fill memory.
MOST_HELD = 8


@dataclass(slots=True)
class Memory:
    """What we last knew about a bundle."""

    current: BundleVersion | None = None
    accepted: BundleVersion | None = None  # what `rollback` returns to
    held: list[str] = field(default_factory=list)  # names of replaced versions, oldest first
    aged: int = 0  # how many of them were kept at the last `drop_old` already
    begun: bool = False
    staged: str = ""  # name of a version that is written, and not visible yet
    lock: SharedLock = field(default_factory=SharedLock)

    def begin(self, found: BundleVersion | None, *, accepted: BundleVersion | None) -> None:
        """Start with what an earlier run left."""
        self.current, self.accepted, self.begun = found, accepted, True
        if self.earlier:
            self.held.append(self.earlier)

    @property
    def earlier(self) -> str:
        """The name of the accepted version, unless it is the current one."""
        if self.accepted is None or self.current is None:
            return ""
        return "" if self.accepted.name == self.current.name else self.accepted.name

    @property
    def keeps(self) -> bool:
        """Return whether there is something that another injector would take for a leftover."""
        return bool(self.held or self.staged)

    def replace_current(self, new: BundleVersion) -> None:
        for before in (self.accepted, self.current):
            if before is not None and before.name not in self.held:
                self.held.append(before.name)
        self.current = new
        self.let_go(new.name)

    def spare(self, count: int) -> list[str]:
        """Return the oldest `count` of those kept, but never the one that `rollback` returns to."""
        accepted = self.accepted.name if self.accepted else None
        return [name for name in self.held[: max(count, 0)] if name != accepted]

    def let_go(self, name: str) -> None:
        """Stop keeping a version."""
        if name in self.held:
            self.aged -= self.held.index(name) < self.aged
            self.held.remove(name)
