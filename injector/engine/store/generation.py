"""One value of a secret, and how far it is on its way to the application and out of use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from injector.engine.history import Rotation
from injector.secret import Answer, Content, Kind, Life, Ref, Timing, worn_at
from injector.sources.source import Token

# Kinds whose expiry makes a file useless; a static role's next password is on its way by then.
EXPIRING = frozenset({Kind.LEASE, Kind.CERTIFICATE, Kind.TTL})


class Phase(StrEnum):
    """How far one generation of a secret has come; a revoked one is gone."""

    PENDING = "pending"  # issued, not yet to be used (`publish_delay`)
    PUBLISHED = "published"  # templates see it
    DELIVERED = "delivered"  # every application that uses it has accepted it
    SUPERSEDED = "superseded"  # a newer one was delivered; kept for its overlap


@dataclass(slots=True)
class Generation:
    """One value of a secret. Times are on the injected clock."""

    ref: Ref
    number: int
    answer: Answer | None = field(repr=False)  # None: an optional secret that does not exist
    life: Life
    token: Token | None  # the token it was requested with; a lease dies with it
    added_at: float
    phase: Phase = Phase.PENDING
    superseded_at: float = 0.0
    # A request for the next one was not answered, and may have issued it.
    successor_lost: bool = False
    rotation_id: str = ""

    @property
    def content(self) -> Content | None:
        """Return the data as templates get it."""
        return None if self.answer is None else Content(self.answer)

    @property
    def data(self) -> Mapping[str, Any] | None:
        return None if self.answer is None else self.answer.data

    @property
    def lease_id(self) -> str:
        return "" if self.answer is None else self.answer.lease_id

    @property
    def is_lease(self) -> bool:
        return self.life.kind is Kind.LEASE

    def dies_with_another_than(self, token: Token) -> bool:
        """Return whether it is a lease that was created with another token."""
        return self.is_lease and self.token is not None and not self.token.is_same(token)

    def has_ended(self, now: float) -> bool:
        """Return whether its value has expired."""
        return self.life.kind in EXPIRING and self.life.expires_at <= now

    def is_worn(self, now: float, timing: Timing) -> bool:
        """Return whether its own life is reason enough for a request, which has not been lost."""
        return not self.successor_lost and now >= self.worn_at(timing)

    def worn_at(self, timing: Timing) -> float:
        """Return when its own life is reason enough to request the next one."""
        # A renewal moves the life's beginning, and the answer came a moment after it.
        return worn_at(self.life, min(self.life.granted_at, self.added_at), timing)

    @property
    def rotation(self) -> Rotation:
        """Return the facts that are not secret."""
        version = "" if self.answer is None else self.answer.version
        kind, answered_at = self.life.kind, self.added_at
        return Rotation(self.ref, self.number, kind, version, answered_at, self.rotation_id)
