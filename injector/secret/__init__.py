"""What a secret is, and when to act on it. Data and arithmetic: no clock, no I/O.

What a secret is (`ref`, `life`) and when to act on it (`schedule`; `rotation` for static
roles): data and arithmetic.

All times are seconds on the injected clock. `jitter` arguments are uniform in 0…1: randomness is an
argument too.
"""

from injector.secret.life import FLOOR, READ, Kind, Life
from injector.secret.ref import Ref, climbs
from injector.secret.rotation import NextRotation, announced, locked, still_due
from injector.secret.schedule import (
    PERSON_BACKOFF,
    TRUNCATED,
    Act,
    Step,
    Timing,
    after_failed_renewal,
    after_failure,
    after_renewal,
    backoff,
    next_step,
    worn_at,
)

__all__ = [
    "FLOOR",
    "PERSON_BACKOFF",
    "READ",
    "TRUNCATED",
    "Act",
    "Kind",
    "Life",
    "NextRotation",
    "Ref",
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
