"""The history of each new value of a secret: names, numbers and times, never the value."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from injector.base.clock import Clock, Wakeup
from injector.base.errors import InjectorError
from injector.secret import Kind, Ref

# This many events are remembered for people who ask, and for a journal that cannot be written.
KEPT = 1000


class Outcome(StrEnum):
    """How far a new value has come."""

    PUBLISHED = "published"  # templates see it
    DELIVERED = "delivered"  # every file has it, and every application has accepted it
    FAILED = "failed"  # a file cannot be made of it, or an application not be notified: tried again
    ROLLED_BACK = "rolled_back"  # an application has rejected it, and has the old one again
    SUPERSEDED = "superseded"  # the next one came before that


# Structs, since every start pays for their definition: a tenth of what a dataclass costs.
class Rotation(Struct, frozen=True):
    """One generation of a secret. `answered_at` is when its source gave it, on the injected clock.

    `id` names it wherever it is mentioned: in the log, in the journal, in the status.
    """

    ref: Ref
    generation: int
    kind: Kind
    version: str
    answered_at: float
    id: str


class Event(Struct, frozen=True):
    """The latest on a rotation; with `reason` and `error_class` if it failed."""

    rotation: Rotation
    outcome: Outcome
    at: float
    reason: str = ""
    error_class: str = ""

    def is_news_after(self, before: "Event | None") -> bool:
        """Return whether this is more than the same failure again."""
        return before is None or replace(self, at=before.at, reason=before.reason) != before


class Rotations:
    """The latest event of each secret, and the last events of all."""

    def __init__(self, clock: Clock, redact: Callable[[str], str], process: str) -> None:
        """Begin with nothing; `process` distinguishes our ids from those of other processes."""
        self._clock = clock
        self._process = process
        self._ids = count(1)
        self._redact = redact
        self._newest: dict[Ref, Event] = {}
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.count = 0  # of all events, including dropped ones
        self._journaled = 0  # how many of them a journal has
        self.noted = Wakeup()  # rung with each event

    def newest(self, ref: Ref) -> Event | None:
        """Return the latest event of a secret, with the time it last happened."""
        return self._newest.get(ref)

    def last(self, number: int) -> list[Event]:
        """Return the latest event of each of the last rotations, newest first."""
        found: dict[tuple[Ref, int], Event] = {}
        for event in reversed(self.events):
            if len(found) == number:
                break
            found.setdefault((event.rotation.ref, event.rotation.generation), event)
        return list(found.values())

    # -- for journal

    def unwritten(self) -> tuple[list[Event], int]:
        """Return the events that no journal has, and how many more have been dropped."""
        new = self.count - self._journaled
        kept = min(new, len(self.events))
        return list(self.events)[len(self.events) - kept :], new - kept

    def mark_written(self) -> None:
        """Note that a journal has all events so far, or what is left of them."""
        self._journaled = self.count

    # -- for store

    def new_id(self) -> str:
        """Return the id of the next rotation."""
        return f"{self._process}-{next(self._ids)}"

    def resume(self, rotation: Rotation, outcome: Outcome) -> None:
        """Start with what an earlier process saw of this rotation."""
        self._newest[rotation.ref] = Event(rotation, outcome, self._clock.now())

    def record_published(self, rotation: Rotation) -> None:
        before = self._newest.get(rotation.ref)
        if before is not None and before.outcome is not Outcome.DELIVERED:
            self._note(Event(before.rotation, Outcome.SUPERSEDED, self._clock.now()))
        self._note(Event(rotation, Outcome.PUBLISHED, self._clock.now()))

    def record_delivered(self, rotation: Rotation) -> None:
        self._note(Event(rotation, Outcome.DELIVERED, self._clock.now()))

    def forget(self, ref: Ref) -> None:
        """Drop the latest event of a secret that is no longer wanted."""
        self._newest.pop(ref, None)

    # -- for delivery

    def record_failed(
        self,
        rotations: Iterable[Rotation],
        error: InjectorError,
        outcome: Outcome = Outcome.FAILED,
    ) -> None:
        """Note that these values could not be delivered, unless newer ones came."""
        for rotation in rotations:
            before = self._newest.get(rotation.ref)
            if before is None or before.rotation.generation != rotation.generation:
                continue
            if before.outcome is not Outcome.DELIVERED:
                reason = self._redact(str(error))
                now = self._clock.now()
                self._note(Event(before.rotation, outcome, now, reason, error.label))

    def _note(self, event: Event) -> None:
        if event.is_news_after(self._newest.get(event.rotation.ref)):
            self.events.append(event)
            self.count += 1
            self.noted.ring()
        self._newest[event.rotation.ref] = event
