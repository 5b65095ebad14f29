"""Revokes what is no longer used: superseded leases, and what a source has of its own."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from math import inf

from injector.base.context import Context
from injector.engine.store import Generation, Store
from injector.secret import Ref
from injector.sources.source import Source

# A revocation that was not answered is tried again after this long, seconds.
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
        sources: Mapping[str, Source],
        overlap: Callable[[Ref], float],
    ) -> None:
        self._store = store
        self._sources = sources
        self._overlap = overlap
        self._clock = context.clock

    async def run(self) -> None:
        """Revoke whatever is due. Runs until cancelled."""
        async with asyncio.TaskGroup() as group:  # a source that is down delays no other
            for source in self._sources.values():
                group.create_task(self._of(source), name=f"revoke in {source.name}")

    async def _of(self, source: Source) -> None:
        while True:
            await source.availability.wait()
            next_at = await self.revoke_due(source)
            wakeup = self._store.revocable(source.name)
            await self._clock.sleep(next_at - self._clock.now(), wakeup)

    async def revoke_due(self, source: Source) -> float:
        """Revoke what is due now; return when the next is."""
        superseded = self._store.superseded(source.name, self._clock.now())
        times = [await self._lease(lease, source) for lease in superseded]
        times.append(await source.give_back(partial(self._store.in_use, source.name)))
        return min(times)

    async def revoke_all(self, what: str) -> None:
        """Revoke on shutdown: every lease, or all tokens of ours and with them their leases."""
        if what == "none":
            return
        async with asyncio.TaskGroup() as group:  # together: there are seconds for all of them
            for source in self._sources.values():
                issued = [(found.ref, found.lease_id) for found in self._store.leases(source.name)]
                group.create_task(source.revoke_all(issued, with_token=what == "token"))

    async def _lease(self, lease: Generation, source: Source) -> float:
        now = self._clock.now()
        due = lease.superseded_at + self._overlap(lease.ref)
        if lease.life.expires_at <= now:
            self._store.drop(lease)
            return inf
        if due > now:
            return min(due, lease.life.expires_at)
        if not await source.revoke(lease.ref, lease.lease_id):
            return min(now + RETRY, lease.life.expires_at)
        self._store.drop(lease)
        return inf
