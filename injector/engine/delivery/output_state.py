"""What is known about one output. It outlives a reload; the output is built anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from injector.engine.history import Rotation
from injector.engine.store import Generation
from injector.secret import Ref


@dataclass(slots=True, eq=False)
class OutputState:
    """What readers see of an output, what its applications have accepted, and what goes wrong.

    Begins anew with each configuration: `wants`, `lacking`, `settled` and `failures`.
    """

    memory: Any = field(default=None, repr=False)  # what its destination knows about itself
    written: dict[Ref, Generation] = field(default_factory=dict)  # what readers see
    accepted: dict[Ref, Generation] = field(
        default_factory=dict
    )  # what all its applications have accepted
    in_place: bool = False  # what readers see is there, whichever configuration made it
    failing: bool = False  # its recovery is still to be reported
    # The secrets it needs: those known beforehand, and those that rendering has revealed.
    wants: frozenset[Ref] = frozenset()
    lacking: frozenset[Ref] = frozenset()  # what was missing at the last rendering
    settled: bool = False  # this configuration has written it, or found it correct
    failures: int = 0  # since it was last written

    def resume(self, before: "OutputState", *, is_intact: bool) -> None:
        """Begin with what was known under the last configuration."""
        self.accepted = dict(before.accepted)
        self.failing = before.failing
        if before.in_place and is_intact:
            self.in_place, self.written = True, dict(before.written)

    def record_written(self, generations: Mapping[Ref, Generation]) -> list[Rotation]:
        """Note what readers see from now on; return what is new in it."""
        new = [
            found.rotation
            for ref, found in generations.items()
            if self.written.get(ref) is not found
        ]
        self.written = dict(generations)
        self.settled = self.in_place = True
        self.failures, self.failing = 0, False
        return new

    def record_accepted(self) -> None:
        """Note that its applications have accepted what readers see."""
        self.accepted = dict(self.written)

    def keep_accepted(self) -> None:
        """Note that what was accepted stays, perhaps since an earlier run: the new is rejected."""
        self.settled = self.in_place = True
        self.written = self.written or dict(self.accepted)

    def return_to_accepted(self) -> None:
        """Note that readers see again what was accepted."""
        self.written = dict(self.accepted)

    def record_removed(self) -> None:
        """Note that readers find nothing."""
        self.settled = self.in_place = False
        self.written.clear()

    def record_failure(self) -> None:
        """Note that it could not be made, checked or written."""
        self.failures += 1
        self.failing = True

    def unaccepted(self, generations: Mapping[Ref, Generation]) -> list[Rotation]:
        """Return those that its applications have not accepted yet."""
        return [
            found.rotation
            for ref, found in generations.items()
            if self.accepted.get(ref) is not found
        ]
