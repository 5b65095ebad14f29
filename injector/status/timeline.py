"""Positions on the status page's timeline. Arithmetic only: no clock, no I/O.

One axis for lifetimes of seconds and of months: seconds near now are as wide as days far away.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from injector.status.wording import span

Entry = dict[str, Any]
# The position of now, in percent: the future needs more room.
NOW = 30.0
# Up to here the axis is nearly even; it never shows less than SHORTEST, and no past beyond a day.
EVEN, SHORTEST, LONGEST_PAST = 20.0, 60.0, 86400.0
MARKS = (10, 30, 60, 300, 600, 1800, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400)
# Labels closer than this would touch on a phone, percent.
APART = 11.0


@dataclass(frozen=True, slots=True)
class Axis:
    """How far the axis extends on both sides of now, seconds."""

    now: float
    past: float
    future: float

    def at(self, moment: float) -> float:
        """Return the position of a moment in percent, clamped to the axis."""
        ahead = moment - self.now
        if ahead < 0:
            return NOW * (1 - _share(-ahead, self.past))
        return NOW + (100 - NOW) * _share(ahead, self.future)

    def marks(self) -> Iterator[tuple[float, str]]:
        """Return the labels for which there is room, from now to both sides."""
        yield NOW, "now"
        for side, reach, sign in ((-1, self.past, "-"), (1, self.future, "+")):
            last = NOW
            for seconds in MARKS:
                place = self.at(self.now + side * seconds)
                has_room = APART / 2 <= place <= 100 - APART / 2
                if seconds < reach and has_room and abs(place - last) >= APART:
                    yield place, sign + span(seconds)
                    last = place


def axis(status: Entry) -> Axis:
    """Return an axis with room for everything in a `/status` response."""
    now = status["now"]
    lives = [status["token"], *(one for one in status["secrets"] if one.get("expires_at"))]
    begins = [begin for life in lives if (begin := _begin(life)) is not None]
    begins += [rotation["answered_at"] for rotation in status["rotations"]]
    ends = [moment for life in lives for moment in (life.get("expires_at"), _next(life)) if moment]
    past, future = now - min(begins, default=now), max(ends, default=now) - now
    return Axis(now, min(max(past, SHORTEST), LONGEST_PAST), max(future, SHORTEST))


@dataclass(frozen=True, slots=True)
class Lane:
    """The lifetime of the token (without a name) or of a secret: from issue to expiry.

    If it has no expiry, until it is re-read.
    """

    name: str
    life: Entry
    tone: str
    begin: float | None
    end: float
    next: float | None
    dots: list[tuple[float, Entry]]  # its last rotations


def with_lanes(secrets: list[Entry], most: int) -> list[Entry]:
    """Return the secrets that get a lane: those that expire, if too many the first to do so.

    What is only read again and again has no life to be shown.
    """
    expiring = [secret for secret in secrets if secret.get("expires_at")]
    expiring.sort(key=lambda secret: (secret["state"] == "ok", secret["expires_at"]))
    return expiring[:most]


def lane(name: str, life: Entry, axis: Axis, rotations: Iterable[Entry]) -> Lane:
    begins_at, ends_at, next_at = _begin(life), life.get("expires_at"), _next(life)
    last = ends_at or next_at
    has_ended = ends_at is not None and ends_at <= axis.now
    return Lane(
        name,
        life,
        "bad" if has_ended or life["state"] == "failing" else "ok",
        None if begins_at is None else axis.at(begins_at),
        100.0 if last is None else axis.at(last),
        None if next_at is None else axis.at(next_at),
        [(axis.at(r["answered_at"]), r) for r in rotations if name and r["secret"] == name],
    )


def _begin(life: Entry) -> float | None:
    return life.get("published_at", life.get("granted_at"))


def _next(life: Entry) -> float | None:
    moment: float | None = life["next"]["at"] if life["next"] else None
    return moment


def _share(seconds: float, reach: float) -> float:
    return min(math.log1p(seconds / EVEN) / math.log1p(reach / EVEN), 1.0)
