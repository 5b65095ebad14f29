"""When to act on a token. Arithmetic only: no clock, no I/O."""

import math
from enum import StrEnum

from injector.secret import TRUNCATED, backoff
from injector.sources.vault import Token

# A token is renewed, or replaced if it cannot be, at a share of its life drawn from this range:
# around the 2/3 of Vault's own LifetimeWatcher, and early enough for several tries.
EARLIEST, LATEST = 0.60, 0.75
# With this share of life left, a token that cannot be renewed is replaced.
LAST_CALL = 0.10


class TokenAction(StrEnum):
    """What to do about the token when it is due."""

    RENEW = "renew"
    LOG_IN = "log in"


def next_step(token: Token, jitter: float) -> tuple[TokenAction, float]:
    """Return what is next for a token that was just granted or renewed, and when."""
    if not token.duration:
        return TokenAction.RENEW, math.inf
    action = TokenAction.RENEW if token.renewable else TokenAction.LOG_IN
    return action, token.expires_at - token.duration * _rest(jitter)


def after_renewal(before: Token, after: Token, jitter: float) -> tuple[TokenAction, float]:
    """Return what is next after a renewal: a truncated one announces the token's max TTL.

    There is then as much time to replace its leases as at the end of a full life, if so much is
    left, and not only a share of the rest.
    """
    if after.duration < before.duration * TRUNCATED:
        at = after.expires_at - before.duration * _rest(jitter)
        return TokenAction.LOG_IN, max(at, after.granted_at)
    return next_step(after, jitter)


def after_failed_renewal(
    token: Token, failures: int, *, now: float, jitter: float
) -> tuple[TokenAction, float]:
    """Return when to try again; close to the end a new login is the better try."""
    at = now + backoff(failures, first=1.0, longest=20.0, jitter=jitter)
    last_call = token.expires_at - token.duration * LAST_CALL
    return (
        (TokenAction.RENEW, at)
        if at < last_call
        else (TokenAction.LOG_IN, max(now, min(at, last_call)))
    )


def _rest(jitter: float) -> float:
    """Return the share of a life that is left when its token is acted on."""
    return 1 - EARLIEST - (LATEST - EARLIEST) * jitter
