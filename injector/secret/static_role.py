"""When a static role rotates next, and when to look."""

from msgspec import Struct

from injector.secret.life import FLOOR, Life

# Around a rotation the floor is lower. The rotation may come later than announced by as much as
# the window, since servers look every 5 s.
ROTATION_FLOOR, ROTATION_WINDOW = 0.2, 5.0
# An announced ttl is rounded to whole seconds. A rotation that was seen within CLOSE tells better
# when the next one is: its moment is halved down to EXACT, and met with MARGIN.
ROUNDED, CLOSE, EXACT, MARGIN = 0.5, 0.3, 0.05, 0.02
# The wait between looks for a rotation that is long overdue: a share of the time it has been so.
OVERDUE_SHARE = 1 / 60


class NextRotation(Struct, frozen=True):
    """Between which moments a static role rotates next, as far as is known."""

    earliest: float
    latest: float


def announced(life: Life) -> NextRotation:
    """Return the next rotation by the server's rounded ttl."""
    at = life.granted_at + life.duration
    return NextRotation(at - ROUNDED, at + ROUNDED)


def still_due(before: NextRotation, life: Life) -> NextRotation:
    """Decide after reading the same password again.

    A schedule's ttl starts anew at its moment, but the password follows seconds later: so the
    rotation that was expected stays, and only an earlier one replaces it.
    """
    said = announced(life)
    return said if said.latest < before.earliest else before


def locked(before: NextRotation, last_asked: float, life: Life) -> NextRotation:
    """Decide after a rotation: lock on to the phase at which it was seen, if it was seen closely.

    It took place between the last request that got the old password and the one that got the new.
    """
    earliest, latest = last_asked, life.granted_at
    if max(earliest, before.earliest) < min(latest, before.latest):  # as expected: both are right
        earliest, latest = max(earliest, before.earliest), min(latest, before.latest)
    if latest - earliest > CLOSE:
        return announced(life)
    return NextRotation(earliest + life.duration, latest + life.duration)


def look_at(rotation: NextRotation, asked_at: float, at_most: float) -> float:
    """Return when to look for a rotation: closely while it is due, then less and less.

    `at_most` is the longest wait once it is overdue.
    """
    width = rotation.latest - rotation.earliest
    if width > CLOSE:
        first = rotation.earliest
    elif width > EXACT:
        first = rotation.earliest + width / 2
    else:
        first = rotation.latest + MARGIN
    overdue = asked_at - rotation.latest
    if overdue < ROTATION_WINDOW:
        return max(first, asked_at + ROTATION_FLOOR)
    return asked_at + min(max(FLOOR, overdue * OVERDUE_SHARE), at_most)


class RotationWindow:
    """Predicts the next rotation of one static role from its answers.

    Knows when the next one is expected, and between which requests the last one was.
    """

    def __init__(self) -> None:
        self.expected: NextRotation | None = None
        self._asked_at = 0.0

    def follow(self, life: Life, *, rotated: bool) -> None:
        """Note an answer; `rotated` if the password has changed."""
        before, last_asked = self.expected, self._asked_at
        if before is None:
            self.expected = announced(life)
        elif rotated:
            self.expected = locked(before, last_asked, life)
        else:
            self.expected = still_due(before, life)
        self._asked_at = life.granted_at
