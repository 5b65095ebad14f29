"""What a secret is, and when to act on it. Data and arithmetic: no clock, no I/O.

- `ref`: which secret
- `answer`: what a source answered about it, and how templates get it
- `life`: how long a value is good for, and what decides that
- `schedule`: when to do what, after every outcome
- `static_role`: when a static role rotates next, and when to look

All times are seconds on the injected clock. `jitter` arguments are uniform in 0…1: randomness is an
argument too.
"""

from injector.secret.answer import Answer, Content
from injector.secret.life import FLOOR, READ, Kind, Life
from injector.secret.ref import Ref, climbs
from injector.secret.schedule import (
    PERSON_BACKOFF,
    TRUNCATED,
    Action,
    Step,
    Timing,
    after_failed_renewal,
    after_failure,
    after_renewal,
    backoff,
    next_step,
    worn_at,
)
from injector.secret.static_role import NextRotation, RotationWindow, announced, locked, still_due

__all__ = [
    "FLOOR",
    "PERSON_BACKOFF",
    "READ",
    "TRUNCATED",
    "Action",
    "Answer",
    "Content",
    "Kind",
    "Life",
    "NextRotation",
    "Ref",
    "RotationWindow",
    "Step",
    "Timing",
    "after_failed_renewal",
    "after_failure",
    "after_renewal",
    "announced",
    "backoff",
    "climbs",
    "locked",
    "next_step",
    "still_due",
    "worn_at",
]
