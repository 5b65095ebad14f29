"""Parses the answers to logins, renewals and lookups, and makes tokens of them."""

from typing import Annotated, Any, TypeVar

import msgspec

from injector.base.errors import TransientError
from injector.sources.vault.tokens import Token

T = TypeVar("T")

Seconds = Annotated[float, msgspec.Meta(ge=0)]
ODD = "the answer is not what Vault answers here; is there a proxy in between?"


class Grant(msgspec.Struct, frozen=True):
    """What a login or a renewal granted; null is as good as absent."""

    client_token: str | None = None
    accessor: str | None = None
    lease_duration: Seconds | None = None
    renewable: bool | None = None
    num_uses: int | None = None
    entity_id: str | None = None
    token_policies: list[str] | None = None


class Known(msgspec.Struct, frozen=True):
    """What a token's lookup says."""

    ttl: Seconds
    accessor: str | None = None
    renewable: bool | None = None
    entity_id: str | None = None
    policies: list[str] | None = None
    num_uses: int | None = None
    expire_time: str | None = None  # null for one that never expires


class Wrap(msgspec.Struct, frozen=True):
    """What a wrapping token's lookup says."""

    creation_path: str = ""


def understood(said: Any, shape: type[T], action: str) -> T:
    """Return the needed part of an answer; raises TransientError if it is malformed."""
    try:
        return msgspec.convert(said, shape)
    except (msgspec.ValidationError, OverflowError):
        # Not `from`: the reason may quote what it found.
        raise TransientError(f"{action}: {ODD}") from None


def token_of(granted: Grant, sent: float, value: str = "") -> Token:
    return Token(
        granted.client_token or value,
        granted.accessor or "",
        sent,
        granted.lease_duration or 0.0,
        bool(granted.renewable),
        uses=granted.num_uses or 0,
        rights=rights_of(granted.entity_id, granted.token_policies),
    )


def rights_of(entity_id: str | None, policies: list[str] | None) -> tuple[str, ...]:
    return () if policies is None else (entity_id or "", *sorted(policies))
