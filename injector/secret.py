"""What a secret is, and when to act on it. Data and arithmetic: no clock, no I/O.

All times are seconds on the injected clock. `draw` arguments are uniform in 0…1: randomness is an
argument too.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from injector.errors import AuthError, InjectorError, MissingError, TransientError

# A static secret is read again at its interval ±10 %.
REFRESH_SPREAD = 0.10
# A lease is acted on at a share of its life drawn from threshold -0.10 … +0.05.
THRESHOLD_BELOW, THRESHOLD_ABOVE = 0.10, 0.05
# A renewal that grants less than this share of what was granted before is near its max TTL.
TRUNCATED = 0.9
# No schedule is tighter than this, whatever TTL the server names …
FLOOR = 1.0
# … except around the rotation of a static role, whose rounded ttl is 0 for the last half second.
ROTATION_FLOOR, ROTATION_LEAD, ROTATION_WINDOW = 0.2, 0.5, 5.0
# Error waits: first, and longest by who has to act (the server, or a person).
FIRST_BACKOFF, SERVER_BACKOFF, PERSON_BACKOFF = 1.0, 20.0, 60.0


@dataclass(frozen=True, slots=True)
class Ref:
    """Which secret: two names for the same path, parameters and namespace are one secret.

    `body` is the canonical JSON of the parameters of a write, or None for a plain read.
    """

    path: str
    namespace: str = ""
    body: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: str, params: Mapping[str, Any] | None = None, *, namespace: str = "") -> Self:
        """Name the secret at `path` as `vault read` takes it; with `params` it is a write."""
        clean = path.strip("/").removeprefix("v1/")
        body = None if params is None else json.dumps(params, sort_keys=True)
        return cls(clean, namespace, body)

    def __str__(self) -> str:
        return f"{self.namespace}:{self.path}" if self.namespace else self.path


class Kind(StrEnum):
    """What decides how long an answer is good for."""

    STATIC = "static"  # KV and everything else without a life of its own: read again
    LEASE = "lease"  # renewed, then issued again; dies with the token that made it
    CERTIFICATE = "certificate"  # its NotAfter
    STATIC_ROLE = "static-role"  # the server's own rotation
    TTL = "ttl"  # says how long it lives, without a lease
    ISSUED = "issued"  # a write without a life (transit, ssh): once


@dataclass(frozen=True, slots=True)
class Life:
    """How long one generation of a secret is good for.

    `granted_at` is when the request that granted `duration` was *sent*: early rather than late.
    """

    kind: Kind
    granted_at: float
    duration: float = math.inf
    renewable: bool = False
    # The token's own end: a lease dies with the token that made it.
    token_expires_at: float = math.inf

    @property
    def expires_at(self) -> float:
        own = self.granted_at + self.duration
        return min(own, self.token_expires_at) if self.kind is Kind.LEASE else own


class Act(StrEnum):
    """What to do when a secret is due."""

    FETCH = "fetch"
    RENEW = "renew"
    PUBLISH = "publish"  # what was fetched before, after its `publish_delay`


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do about a secret, and when; `math.inf` is never."""

    act: Act
    at: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The user's settings for one secret."""

    refresh: float = 60.0
    threshold: float = 0.70


def next_step(life: Life, timing: Timing, draw: float, *, waited: float = 0.0) -> Step:
    """Decide when to act after a success.

    `waited` is for how long a static role's rotation has been due: looked for closely at first.
    """
    match life.kind:
        case Kind.STATIC:
            spread = 1 - REFRESH_SPREAD + 2 * REFRESH_SPREAD * draw
            return Step(Act.FETCH, life.granted_at + timing.refresh * spread)
        case Kind.LEASE | Kind.CERTIFICATE | Kind.TTL:
            act = Act.RENEW if life.renewable else Act.FETCH
            return Step(act, _share(life, timing, draw))
        case Kind.STATIC_ROLE:
            floor = ROTATION_FLOOR if waited < ROTATION_WINDOW else FLOOR
            wait = max(life.duration - ROTATION_LEAD, floor)
            return Step(Act.FETCH, life.granted_at + wait)
        case Kind.ISSUED:
            return Step(Act.FETCH, math.inf)


def after_renewal(before: Life, after: Life, timing: Timing, draw: float) -> Step:
    """Decide after a renewal: a truncated one means that the next generation is due now."""
    if after.duration < before.duration * TRUNCATED:
        return Step(Act.FETCH, after.granted_at)
    return next_step(after, timing, draw)


def after_failure(
    error: InjectorError, failures: int, *, now: float, timing: Timing, draw: float
) -> float:
    """Return when to try again after the `failures`-th failure in a row."""
    match error:
        case TransientError() | AuthError():
            longest = SERVER_BACKOFF
        case MissingError():  # it may appear, or be undeleted, at any time: as a change would
            longest = min(PERSON_BACKOFF, timing.refresh)
        case _:
            longest = PERSON_BACKOFF
    wait = backoff(failures, first=min(FIRST_BACKOFF, longest), longest=longest, draw=draw)
    if isinstance(error, TransientError) and error.retry_after is not None:
        wait = max(wait, error.retry_after)
    return now + wait


def after_failed_renewal(
    error: InjectorError, failures: int, life: Life, now: float, draw: float
) -> Step:
    """Decide after a failed renewal: only the server's refusal or the lease's end issues anew."""
    if not isinstance(error, TransientError):
        return Step(Act.FETCH, now)
    wait = backoff(failures, first=FIRST_BACKOFF, longest=SERVER_BACKOFF, draw=draw)
    wait = max(wait, error.retry_after or 0.0)
    if now + wait >= life.expires_at:
        return Step(Act.FETCH, max(now, life.expires_at - FLOOR))
    return Step(Act.RENEW, now + wait)


def backoff(failures: int, *, first: float, longest: float, draw: float) -> float:
    """Double from `first` to `longest`, jittered over the upper half (rule R10)."""
    full = min(longest, first * 2.0 ** min(failures - 1, 30))
    return full * (0.5 + 0.5 * draw)


def _share(life: Life, timing: Timing, draw: float) -> float:
    share = timing.threshold - THRESHOLD_BELOW + (THRESHOLD_BELOW + THRESHOLD_ABOVE) * draw
    return life.granted_at + max((life.expires_at - life.granted_at) * share, FLOOR)
