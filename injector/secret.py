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
# For long intervals the moment is rounded to a grid, seconds: a thousand secrets are then read in a
# few turns of the loop.
FAR, GRID = 4.0, 0.1
# A lease is acted on at a share of its life drawn from threshold -0.10 … +0.05.
THRESHOLD_BELOW, THRESHOLD_ABOVE = 0.10, 0.05
# A renewal that grants less than this share of what was granted before is near its max TTL.
TRUNCATED = 0.9
# No schedule is tighter than this, whatever TTL the server names …
FLOOR = 1.0
# … except around a rotation, which may be this much later than announced: servers look every 5 s.
ROTATION_FLOOR, ROTATION_WINDOW = 0.2, 5.0
# An announced ttl is rounded to whole seconds. A rotation that was seen within CLOSE tells better
# when the next one is: its moment is halved down to EXACT, and met with MARGIN.
ROUNDED, CLOSE, EXACT, MARGIN = 0.5, 0.3, 0.05, 0.02
# A rotation that is long overdue is looked for every n-th part of the time it has been.
OVERDUE_SHARE = 1 / 60
# A secret with one of these in its path comes without a lease, wherever its engine is mounted.
LEASELESS = ("/data/", "/static-creds/", "/static-cred/", "cubbyhole/")
# Error waits: first, and longest by who has to act (the server, or a person).
FIRST_BACKOFF, SERVER_BACKOFF, PERSON_BACKOFF = 1.0, 20.0, 60.0


@dataclass(frozen=True, slots=True)
class Ref:
    """Which secret: two names for the same path, parameters and namespace are one secret.

    `body` is the canonical JSON of the parameters of a write, or None for a plain read. `lists`
    asks for the names below the path. `by_mount` is a path without the `data/` or `metadata/` of KV
    version 2: the mount tells whether one is meant.
    """

    path: str
    namespace: str = ""
    body: str | None = field(default=None, repr=False)
    lists: bool = False
    by_mount: bool = False

    @classmethod
    def of(
        cls,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        namespace: str = "",
        lists: bool = False,
        by_mount: bool = False,
    ) -> Self:
        """Name the secret at `path` as `vault read` takes it; with `params` it is a write."""
        clean = path.strip("/").removeprefix("v1/")
        body = None if params is None else json.dumps(params, sort_keys=True)
        return cls(clean, namespace, body, lists, by_mount)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return what a policy has to allow: only key-value engines tell creating from updating."""
        if self.body is None:
            return ("list",) if self.lists else ("read",)
        is_key_value = "/data/" in self.path or self.path.startswith("cubbyhole/")
        return ("create", "update") if is_key_value else ("update",)

    @property
    def may_lease(self) -> bool:
        """Tell, before anything is asked, whether the answer may come with a lease."""
        return not any(part in self.path for part in LEASELESS)

    def path_in_kv2(self, mount: str) -> str:
        """Return the path as KV version 2 has it, with `data/` or `metadata/` after the mount."""
        path, question, query = self.path.partition("?")
        rest = path.removeprefix(mount.rstrip("/")).strip("/")
        if rest.startswith("metadata") if self.lists else rest.startswith(("data/", "metadata/")):
            return self.path
        inside = f"{mount}{'metadata' if self.lists else 'data'}/{rest}"
        return inside.rstrip("/") + question + query

    def __str__(self) -> str:
        path = f"{self.namespace}:{self.path}" if self.namespace else self.path
        return f"list {path}" if self.lists else path


class Kind(StrEnum):
    """What decides how long an answer is good for."""

    STATIC = "static"  # KV and everything else without a life of its own: read again
    LEASE = "lease"  # renewed, then issued again; dies with the token that made it
    CERTIFICATE = "certificate"  # its NotAfter, or the end of an SSH certificate
    STATIC_ROLE = "static-role"  # the server's own rotation
    TTL = "ttl"  # says how long it lives, without a lease
    ISSUED = "issued"  # asked for once: transit, a wrapped answer, a token's cubbyhole


# What is read, and not made for us.
READ = frozenset({Kind.STATIC, Kind.STATIC_ROLE})


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
    token_renewable: bool = True

    @property
    def expires_at(self) -> float:
        own = self.granted_at + self.duration
        return min(own, self.token_expires_at) if self.kind is Kind.LEASE else own

    @property
    def ends_with_token(self) -> bool:
        """Return whether only another token can give more: a batch token's leases end with it."""
        own = self.granted_at + self.duration
        return not self.token_renewable and own >= self.token_expires_at - FLOOR


@dataclass(frozen=True, slots=True)
class NextRotation:
    """Between which moments a static role rotates next, as far as is known."""

    earliest: float
    latest: float


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


def next_step(
    life: Life, timing: Timing, draw: float, *, rotation: NextRotation | None = None
) -> Step:
    """Decide when to act after a success; a static role needs its `rotation`.

    A token's end moves no lease forward: the same token could not give a better one. When another
    token is current, what the old one made is issued anew (`Watcher.follow_token`).
    """
    match life.kind:
        case Kind.STATIC:
            return Step(Act.FETCH, _refresh_at(life, timing, draw))
        case Kind.LEASE if life.ends_with_token:
            return Step(Act.FETCH, math.inf)
        case Kind.LEASE | Kind.CERTIFICATE | Kind.TTL:
            act = Act.RENEW if life.renewable else Act.FETCH
            return Step(act, _share(life, timing, draw))
        case Kind.STATIC_ROLE:
            # Somebody may rotate it by hand at any time, so it is also read as a static secret is.
            at = _look_at(rotation or announced(life), life.granted_at, timing)
            return Step(Act.FETCH, min(at, _refresh_at(life, timing, draw)))
        case Kind.ISSUED:
            return Step(Act.FETCH, math.inf)


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


def _refresh_at(life: Life, timing: Timing, draw: float) -> float:
    at = life.granted_at + timing.refresh * (1 - REFRESH_SPREAD + 2 * REFRESH_SPREAD * draw)
    return at if timing.refresh < FAR else math.ceil(at / GRID) * GRID


def _share(life: Life, timing: Timing, draw: float) -> float:
    share = timing.threshold - THRESHOLD_BELOW + (THRESHOLD_BELOW + THRESHOLD_ABOVE) * draw
    return life.granted_at + max(life.duration * share, FLOOR)


def _look_at(rotation: NextRotation, asked_at: float, timing: Timing) -> float:
    """Return when to look for a rotation: closely while it is due, then less and less."""
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
    return asked_at + min(max(FLOOR, overdue * OVERDUE_SHARE), timing.refresh)
