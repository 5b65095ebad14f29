"""What a login method is."""

from typing import Any, Protocol, runtime_checkable

from injector.sources.vault import Token, Vault


class Method(Protocol):
    """One way to prove who this process is."""

    @property
    def inputs(self) -> frozenset[str]:
        """Return the files it reads; a change of one cuts a failed login's wait short."""

    @property
    def at_once(self) -> frozenset[str]:
        """Return those that are written for one login: new content is used at once.

        The others are refreshed in place, and read at the next login: each new token has all leases
        reissued.
        """
        return frozenset()

    async def log_in(self, vault: Vault) -> Token:
        """Log in with what the files say now; raises AuthError or TransientError."""

    async def renew(self, vault: Vault, token: Token) -> Token:
        """Renew a token of this method; any error but TransientError asks for a new login."""
        return await vault.renew_self(token)


@runtime_checkable
class Remembers(Protocol):
    """A method that may hold the only copy of a secret id, which is then handed over."""

    secret_id: Any
