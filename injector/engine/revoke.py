"""Revokes what is no longer used: superseded leases, replaced tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf

from injector.base.context import Context
from injector.base.errors import InjectorError, TransientError, nothing_unforeseen
from injector.base.retry import Availability
from injector.engine.store import Generation, Store
from injector.secret import Ref
from injector.sources.vault import Token, Tokens, Vault
from injector.sources.vault.ref import VaultRef

# A revocation that Vault did not answer is tried again after this long, seconds.
RETRY = 5.0


class Revocation:
    """Revokes a lease once its successor has been accepted and its overlap has passed.

    A refused revocation is only logged: the lease expires by itself.
    """

    name = "revoke"

    def __init__(
        self,
        context: Context,
        *,
        store: Store,
        vault: Vault,
        tokens: Tokens,
        overlap: Callable[[Ref], float],
        keep_tokens: bool,
        availability: Availability,
    ) -> None:
        self._store = store
        self._vault = vault
        self._tokens = tokens
        self._overlap = overlap
        # Readers of a sink may still use the old token: it is left to expire.
        self._keep_tokens = keep_tokens
        self._availability = availability
        self._clock = context.clock
        self._log = context.log

    async def run(self) -> None:
        """Revoke whatever is due. Runs until cancelled."""
        while True:
            await self._availability.wait()
            next_at = await self.revoke_due()
            await self._clock.sleep(next_at - self._clock.now(), self._store.revocable)

    async def revoke_due(self) -> float:
        """Revoke what is due now; return when the next is."""
        times = [await self._lease(lease) for lease in self._store.superseded(self._clock.now())]
        times += [await self._token(token) for token in tuple(self._tokens.replaced)]
        return min(times, default=inf)

    async def revoke_all(self, what: str) -> None:
        """Revoke on shutdown: every lease, or our tokens and with them all of them.

        The leases of a token that cannot be revoked are revoked one by one.
        """
        alive = self._tokens.alive
        if not alive or what == "none":
            return
        token, ours = alive[0], [token for token in alive if token.is_ours_to_revoke]
        async with asyncio.TaskGroup() as group:  # together: there are seconds for all of them
            if what == "token" and token in ours:
                for one in ours:
                    revoke = partial(self._vault.revoke_self, one)
                    group.create_task(self._attempt("token", revoke))
            else:
                for lease in self._store.leases():
                    group.create_task(self._revoke(lease, token))

    async def _lease(self, lease: Generation) -> float:
        now = self._clock.now()
        due = lease.superseded_at + self._overlap(lease.ref)
        if lease.life.expires_at <= now:
            self._store.drop(lease)
            return inf
        if due > now:
            return min(due, lease.life.expires_at)
        token = self._tokens.held
        if token is None or not await self._revoke(lease, token):
            return min(now + RETRY, lease.life.expires_at)
        self._store.drop(lease)
        return inf

    async def _token(self, token: Token) -> float:
        """Revoke a replaced token once none of its leases is in use."""
        if token.expires_at > self._clock.now():
            if self._store.in_use(token) or self._keep_tokens or not token.is_ours_to_revoke:
                return token.expires_at
            if self._vault.unrepeatable.uses(token.value):  # it may be getting a lease right now
                return self._clock.now() + RETRY
            if not await self._attempt("token", lambda: self._vault.revoke_self(token)):
                return self._clock.now() + RETRY
        self._tokens.gone(token)
        return inf

    async def _revoke(self, lease: Generation, token: Token) -> bool:
        if not lease.lease_id:  # a token that was made for somebody ends by itself
            return True
        assert isinstance(lease.ref, VaultRef)
        revoke = partial(self._vault.revoke_lease, namespace=lease.ref.namespace)
        return await self._attempt(f"lease of {lease.ref}", partial(revoke, lease.lease_id, token))

    async def _attempt(self, what: str, request: Callable[[], Awaitable[None]]) -> bool:
        """Send a revocation; return whether it is done with, one way or the other."""
        try:
            with nothing_unforeseen():
                await request()
        except TransientError as exc:
            self._availability.report(exc)
            self._log.info("not revoked yet", what=what, error=str(exc))
            return False
        except InjectorError as exc:
            self._log.info("not revoked, left to expire", what=what, error=str(exc))
        else:
            self._log.info("revoked", what=what)
        return True
