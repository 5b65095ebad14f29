"""Vault as a source: what it is asked for with the current token, and what it gives back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from math import inf

from msgspec import structs

from injector.base.context import Context
from injector.base.errors import InjectorError, TransientError, nothing_unforeseen
from injector.base.retry import Availability
from injector.config import model
from injector.secret import Life, Ref
from injector.sources.source import Attempt, Fetched, Shapes
from injector.sources.source import Token as AnyToken
from injector.sources.vault.answer import VaultAnswer
from injector.sources.vault.client import Vault
from injector.sources.vault.ref import NAME, VaultRef
from injector.sources.vault.tokens import Token, Tokens

SHAPES = Shapes(VaultRef, VaultAnswer, Token)
# A revocation that Vault did not answer is tried again after this long, seconds.
RETRY = 5.0


def engines(config: model.Config, names: Mapping[str, Ref]) -> dict[Ref, str]:
    """Return the engine of each secret for which the configuration knows better than its shape."""
    return {
        names[name]: secret.engine
        for name, secret in config.secrets.items()
        if secret.engine != "auto"
    }


class VaultSource:
    """Borrows the current token for every request; a login of `engine.auth` provides it.

    With `keep_tokens` readers of a sink may still use a replaced token: it is left to expire.
    """

    name = NAME
    title = "Vault"
    reports = (("vault", "server"), ("token", "token"))

    def __init__(
        self,
        context: Context,
        *,
        vault: Vault,
        tokens: Tokens,
        availability: Availability,
        engines: Mapping[Ref, str],
        keep_tokens: bool,
    ) -> None:
        self.availability = availability
        self._vault = vault
        self._tokens = tokens
        self._engines = engines
        self._keep_tokens = keep_tokens
        self._clock = context.clock
        self._log = context.log

    @property
    def token(self) -> Token | None:
        return self._tokens.held

    @property
    def obstacle(self) -> tuple[str, str] | None:
        server, token = self.reports
        if self.availability.down:
            return server
        return token if self._tokens.held is None else None

    async def fetch(self, ref: VaultRef, attempt: Attempt, *, repeatable: bool) -> Fetched:
        """Ask with the current token, and once more with the next one if it was to blame."""
        attempt.undone = True
        ask = partial(self._ask, ref, attempt, repeatable=repeatable)
        return await self._tokens.use(ask)

    async def _ask(
        self, ref: VaultRef, attempt: Attempt, token: Token, *, repeatable: bool
    ) -> Fetched:
        attempt.token = token

        def sending() -> None:
            attempt.undone = False

        try:
            answer, life = await self._vault.fetch(
                ref,
                token,
                engine=self._engines.get(ref, "auto"),
                repeatable=repeatable,
                on_sending=sending,
            )
        except InjectorError as exc:
            attempt.undone = exc.undone
            raise
        held = self._tokens.held
        if held is not None and held.is_same(token):  # it may have been renewed meanwhile
            token, life = held, structs.replace(life, token_expires_at=held.expires_at)
        return Fetched(answer, life, token)

    async def renew(self, ref: VaultRef, lease_id: str, life: Life) -> Life:
        """Renew a lease; it still dies with the token that created it."""
        sent, asked = self._clock.now(), life.duration
        duration, renewable = await self._tokens.use(
            lambda token: self._vault.renew_lease(
                lease_id, token, increment=asked, namespace=ref.namespace
            )
        )
        return structs.replace(life, granted_at=sent, duration=duration, renewable=renewable)

    async def revoke(self, ref: VaultRef, lease_id: str) -> bool:
        token = self._tokens.held
        return token is not None and await self._revoke_lease(ref, lease_id, token)

    async def revoke_all(self, issued: Sequence[tuple[VaultRef, str]], *, with_token: bool) -> None:
        """Revoke every lease, or our tokens and with them all their leases.

        The leases of a token that cannot be revoked are revoked one by one.
        """
        alive = self._tokens.alive
        if not alive:
            return
        token, ours = alive[0], [token for token in alive if token.is_ours_to_revoke]
        async with asyncio.TaskGroup() as group:  # together: there are seconds for all of them
            if with_token and token in ours:
                for one in ours:
                    group.create_task(self._attempt("token", partial(self._vault.revoke_self, one)))
            else:
                for ref, lease_id in issued:
                    group.create_task(self._revoke_lease(ref, lease_id, token))

    async def give_back(self, in_use: Callable[[AnyToken], bool]) -> float:
        """Revoke each replaced token once none of its leases is in use."""
        times = [await self._token(token, in_use) for token in tuple(self._tokens.replaced)]
        return min(times, default=inf)

    async def _token(self, token: Token, in_use: Callable[[AnyToken], bool]) -> float:
        if token.expires_at > self._clock.now():
            if in_use(token) or self._keep_tokens or not token.is_ours_to_revoke:
                return token.expires_at
            if self._vault.unrepeatable.uses(token.value):  # it may be getting a lease right now
                return self._clock.now() + RETRY
            if not await self._attempt("token", partial(self._vault.revoke_self, token)):
                return self._clock.now() + RETRY
        self._tokens.gone(token)
        return inf

    async def _revoke_lease(self, ref: VaultRef, lease_id: str, token: Token) -> bool:
        if not lease_id:  # a token that was made for somebody ends by itself
            return True
        revoke = partial(self._vault.revoke_lease, namespace=ref.namespace)
        return await self._attempt(f"lease of {ref}", partial(revoke, lease_id, token))

    async def _attempt(self, what: str, request: Callable[[], Awaitable[None]]) -> bool:
        """Send a revocation; return whether it is done with, one way or the other."""
        try:
            with nothing_unforeseen():
                await request()
        except TransientError as exc:
            self.availability.report(exc)
            self._log.info("not revoked yet", what=what, error=str(exc))
            return False
        except InjectorError as exc:
            self._log.info("not revoked, left to expire", what=what, error=str(exc))
        else:
            self._log.info("revoked", what=what)
        return True
