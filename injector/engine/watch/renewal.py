"""Renews a lease."""

from msgspec import structs

from injector.base.clock import Clock
from injector.engine.store import Generation
from injector.secret import Life
from injector.sources.vault import Tokens, Vault


async def renewed_life(lease: Generation, *, vault: Vault, tokens: Tokens, clock: Clock) -> Life:
    """Renew a lease; return what was granted. It still dies with the token that created it."""
    sent, asked = clock.now(), lease.life.duration
    duration, renewable = await tokens.use(
        lambda token: vault.renew_lease(
            lease.lease_id, token, increment=asked, namespace=lease.ref.namespace
        )
    )
    return structs.replace(lease.life, granted_at=sent, duration=duration, renewable=renewable)
