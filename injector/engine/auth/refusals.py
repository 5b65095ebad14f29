"""Keeps Vault from locking a role out: ids that it has refused are not sent again and again."""

from collections.abc import Mapping
from hashlib import sha256

from injector.base.errors import AuthError

# Vault's user lockout: five wrong secret ids, none of them 15 minutes after the one before, lock a
# role out for 15 minutes, and with it all others that log in by it.
TRIES = 3  # one is not enough: a node that lags may not know a new secret id yet
PAUSE = 16 * 60.0
COUNTED = "invalid role or secret id"


class Refusals:
    """Counts how often Vault has called the same ids wrong."""

    def __init__(self) -> None:
        self._ids = b""  # a digest
        self._count = 0
        self._until = 0.0

    def check(self, body: Mapping[str, str], now: float) -> None:
        """Raise AuthError where one more try could lock the role out."""
        left = self._until - now
        if self._count >= TRIES and left > 0 and self._ids == _digest(body):
            error = AuthError(
                f"Vault has refused this secret id {self._count} times, and would lock the role "
                f"out for everybody: the next attempt is in {left / 60:.0f} min, or as soon as a "
                "new secret id is in its file"
            )
            error.retry_after = left
            raise error

    def count(self, body: Mapping[str, str], error: AuthError, now: float) -> bool:
        """Return whether the ids are wrong, which is what Vault counts; other refusals it does not.

        Without a secret id there is nothing to guess, and Vault counts nothing.
        """
        if COUNTED not in str(error).lower():
            return False
        if "secret_id" not in body:
            return True
        ids = _digest(body)
        self._count = self._count + 1 if ids == self._ids else 1
        self._ids = ids
        self._until = now + PAUSE
        return True


def _digest(body: Mapping[str, str]) -> bytes:
    return sha256(repr(sorted(body.items())).encode()).digest()
