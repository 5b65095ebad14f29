"""Certificate login: presents a TLS client certificate while the connection is set up."""

import contextlib
from collections.abc import AsyncIterator
from hashlib import sha256

from injector.base import safe_open
from injector.base.errors import AuthError, TransientError, unreadable
from injector.config import model
from injector.engine.auth.method import Method
from injector.sources.vault import Token, Vault
from injector.sources.vault.tls import UnusablePair

# What a refusal mostly means.
LOOK_AT = "a role of this mount has to trust the certificate; has it expired?"
# Vault's words for certificates that it refuses with a 500, as if waiting could help: one that has
# expired or is of no use to clients, and one without a common name.
REFUSALS = ("failed to verify client's certificate", "missing name in alias")


class Cert(Method):
    """Reads the pair again for every login, and presents it to logins and renewals only.

    Vault ties the token to the certificate: it renews for the same one, and for no other.
    """

    def __init__(self, config: model.Cert, mount: str, namespace: str) -> None:
        self._config = config
        self._mount = mount
        self._namespace = namespace
        self._logged_in_with = b""

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset({self._config.client_cert, self._config.client_key})

    async def log_in(self, vault: Vault) -> Token:
        body = {"name": self._config.name}  # an empty one tries all of them
        # Taken before the file is used: if it changes meanwhile, there is one login too many.
        presented = self._fingerprint()
        async with self._presenting(vault) as own:
            token = await own.log_in(self._mount, body, namespace=self._namespace, advice=LOOK_AT)
        self._logged_in_with = presented
        return token

    async def renew(self, vault: Vault, token: Token) -> Token:
        if self._fingerprint() != self._logged_in_with:
            # Vault's refusal would be a 500, as if waiting could help.
            raise AuthError(
                f"{self._config.client_cert} is no longer the certificate of the login, "
                "and Vault renews the token for no other: logging in again"
            )
        async with self._presenting(vault) as own:
            return await own.renew_self(token)

    @contextlib.asynccontextmanager
    async def _presenting(self, vault: Vault) -> AsyncIterator[Vault]:
        pair = self._config.client_cert, self._config.client_key
        try:
            async with vault.presenting(*pair) as own:
                yield own
        except UnusablePair as exc:
            raise AuthError(str(exc)) from exc
        except (AuthError, TransientError) as exc:
            if isinstance(exc, TransientError) and not any(word in str(exc) for word in REFUSALS):
                raise
            raise AuthError(f"{exc}; presented: {self._config.client_cert}") from exc

    def _fingerprint(self) -> bytes:
        path = self._config.client_cert
        try:
            return sha256(safe_open.read(path)).digest()
        except OSError as exc:
            raise AuthError(f"cannot read the certificate from {path}: {unreadable(exc)}") from exc
