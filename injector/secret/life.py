"""How long an answer is good for, and what decides that."""

import math
from enum import StrEnum

from msgspec import Struct

# No schedule is tighter than this, whatever TTL the server names; seconds.
FLOOR = 1.0


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


class Life(Struct, frozen=True):
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
