"""When to do what about a secret, after every outcome."""

import math
from enum import StrEnum

from msgspec import Struct

from injector.base.errors import AuthError, InjectorError, MissingError, TransientError
from injector.secret.life import FLOOR, Kind, Life
from injector.secret.static_role import NextRotation, announced, look_at

# A static secret is read again at its interval ±10 %.
REFRESH_SPREAD = 0.10
# For long intervals the moment is rounded to a grid, seconds: a thousand secrets are then read in a
# few turns of the loop.
FAR, GRID = 4.0, 0.1
# A lease is acted on at a share of its life drawn from threshold -0.10 … +0.05.
THRESHOLD_BELOW, THRESHOLD_ABOVE = 0.10, 0.05
# A renewal that grants less than this share of what was granted before is near its max TTL.
TRUNCATED = 0.9
# After this share of its life, a value's age alone is reason enough to replace it. Schedules act
# later: that of the value from 0.60 on, unless its threshold is lower, that of its token from 0.60.
WORN = 0.5
# Error waits: first, and longest by who has to act (the server, or a person).
FIRST_BACKOFF, SERVER_BACKOFF, PERSON_BACKOFF = 1.0, 20.0, 60.0


class Action(StrEnum):
    """What to do when a secret is due."""

    FETCH = "fetch"
    RENEW = "renew"
    PUBLISH = "publish"  # what was fetched before, after its `publish_delay`


class Step(Struct, frozen=True):
    """The next thing to do about a secret, and when; `math.inf` is never."""

    action: Action
    at: float


class Timing(Struct, frozen=True):
    """The user's settings for one secret."""

    refresh: float = 60.0
    threshold: float = 0.70


def next_step(
    life: Life, timing: Timing, jitter: float, *, rotation: NextRotation | None = None
) -> Step:
    """Decide when to act after a success; a static role needs its `rotation`.

    A token's end moves no lease forward: the same token could not give a better one. When another
    token is current, what the old one made is issued anew (`Watcher.follow_token`).
    """
    match life.kind:
        case Kind.STATIC:
            return Step(Action.FETCH, _refresh_at(life, timing, jitter))
        case Kind.LEASE if life.ends_with_token:
            return Step(Action.FETCH, math.inf)
        case Kind.LEASE | Kind.CERTIFICATE | Kind.TTL:
            action = Action.RENEW if life.renewable else Action.FETCH
            return Step(action, _share(life, timing, jitter))
        case Kind.STATIC_ROLE:
            # Somebody may rotate it by hand at any time, so it is also read as a static secret is.
            at = look_at(rotation or announced(life), life.granted_at, timing.refresh)
            return Step(Action.FETCH, min(at, _refresh_at(life, timing, jitter)))
        case Kind.ISSUED:
            return Step(Action.FETCH, math.inf)


def worn_at(life: Life, issued_at: float, timing: Timing) -> float:
    """Return from when on its own life is reason enough to replace what was issued; inf is never.

    Counted from its issue, not from a renewal: that does not make it new. A life too short for
    any schedule is a fault, and no reason to ask for the next one.
    """
    lives = life.duration
    if life.kind is Kind.LEASE:
        lives = min(lives, life.token_expires_at - issued_at)
    if lives * WORN < FLOOR:
        return math.inf
    return issued_at + max(lives * min(WORN, timing.threshold - THRESHOLD_BELOW), FLOOR)


def after_renewal(before: Life, after: Life, timing: Timing, jitter: float) -> Step:
    """Decide after a renewal: a truncated one means that the next generation is due now."""
    if after.duration < before.duration * TRUNCATED:
        return Step(Action.FETCH, after.granted_at)
    return next_step(after, timing, jitter)


def after_failure(
    error: InjectorError, failures: int, *, now: float, timing: Timing, jitter: float
) -> float:
    """Return when to try again after the `failures`-th failure in a row."""
    match error:
        case TransientError() | AuthError():
            longest = SERVER_BACKOFF
        case MissingError():  # it may appear, or be undeleted, at any time: as a change would
            longest = min(PERSON_BACKOFF, timing.refresh)
        case _:
            longest = PERSON_BACKOFF
    wait = backoff(failures, first=min(FIRST_BACKOFF, longest), longest=longest, jitter=jitter)
    if error.retry_after is not None:
        is_servers = isinstance(error, TransientError)
        wait = max(wait if is_servers else FLOOR, error.retry_after)
    return now + wait


def after_failed_renewal(
    error: InjectorError, failures: int, life: Life, now: float, jitter: float
) -> Step:
    """Decide after a failed renewal: only the server's refusal or the lease's end issues anew."""
    if not isinstance(error, TransientError):
        return Step(Action.FETCH, now)
    wait = backoff(failures, first=FIRST_BACKOFF, longest=SERVER_BACKOFF, jitter=jitter)
    wait = max(wait, error.retry_after or 0.0)
    if now + wait >= life.expires_at:
        return Step(Action.FETCH, max(now, life.expires_at - FLOOR))
    return Step(Action.RENEW, now + wait)


def backoff(failures: int, *, first: float, longest: float, jitter: float) -> float:
    """Double from `first` to `longest`, jittered over the upper half: a fleet spreads itself."""
    full = min(longest, first * 2.0 ** min(failures - 1, 30))
    return full * (0.5 + 0.5 * jitter)


def _refresh_at(life: Life, timing: Timing, jitter: float) -> float:
    at = life.granted_at + timing.refresh * (1 - REFRESH_SPREAD + 2 * REFRESH_SPREAD * jitter)
    return at if timing.refresh < FAR else math.ceil(at / GRID) * GRID


def _share(life: Life, timing: Timing, jitter: float) -> float:
    share = timing.threshold - THRESHOLD_BELOW + (THRESHOLD_BELOW + THRESHOLD_ABOVE) * jitter
    return life.granted_at + max(life.duration * share, FLOOR)
