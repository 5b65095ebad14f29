"""Renews a lease."""

from msgspec import structs

from injector.base.clock import Clock
from injector.engine.store import Generation
from injector.secret import Life
from injector.sources.vault import Tokens, Vault
from injector.sources.vault.ref import VaultRef


async def renewed_life(lease: Generation, *, vault: Vault, tokens: Tokens, clock: Clock) -> Life:
    """Renew a lease; return what was granted. It still dies with the token that created it."""
    assert isinstance(lease.ref, VaultRef)
    namespace = lease.ref.namespace
    sent, asked = clock.now(), lease.life.duration
    duration, renewable = await tokens.use(
        lambda token: vault.renew_lease(lease.lease_id, token, increment=asked, namespace=namespace)
    )
    return structs.replace(lease.life, granted_at=sent, duration=duration, renewable=renewable)
