"""One thing that a policy must allow, and what the upkeep of a token and its leases needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from injector.config import model
from injector.config.problem import Where

LOOK_UP, RENEW = "auth/token/lookup-self", "auth/token/renew-self"
WRAP = "sys/wrapping/wrap"


@dataclass(frozen=True, slots=True)
class Need:
    """One path, and what has to be allowed on it.

    `parameters` are the only ones that are ever sent, or None if unknown. `without` says what
    happens without it; empty for a secret, which is then simply missing. `instead` is the other
    possible path, if only the mount can tell; empty if this one is certain. `names` are those that
    the configuration has for it.
    """

    path: str
    capabilities: tuple[str, ...]
    reasons: tuple[str, ...]
    namespace: str = ""
    parameters: tuple[str, ...] | None = None
    without: str = ""
    instead: str = ""
    names: tuple[str, ...] = ()

    @property
    def where(self) -> Where:
        """Return the path's place in the configuration; none if only templates have it."""
        return ("secrets", self.names[0], "path") if self.names else ()


def of_token(config: model.Config, login: str) -> Iterator[Need]:
    """Return what the token's upkeep needs; Vault's policy `default` allows all of it."""
    if config.auto_auth is None or config.auto_auth.method.type == "token_file":
        why = "a token from outside is looked up first"
        yield _need(LOOK_UP, "read", why, login, "the token is refused")
        yield _need(RENEW, "update", "keeps it alive", login, "it is used until it expires")
        return
    why = "tells an expired token from a policy that denies access"
    loss = "a denial costs a new login, and every lease is reissued"
    yield _need(LOOK_UP, "read", why, login, loss)
    loss = "each token lasts one TTL, and every lease is reissued with the next"
    yield _need(RENEW, "update", "keeps the token alive", login, loss)
    at_the_end = config.revoke_on_shutdown == "token"
    # Readers of a sink may still use a replaced token, so it is not revoked.
    if at_the_end or not config.auto_auth.sinks:
        why = "revokes a replaced token" + ", and the last one" * at_the_end
        yield _need("auth/token/revoke-self", "update", why, login, "it lives on until its TTL")
    if any(sink.wrap_ttl for sink in config.auto_auth.sinks):
        yield _need(WRAP, "update", "wraps the token for a sink", login, "the sink stays empty")


def of_leases(namespaces: Iterable[str]) -> Iterator[Need]:
    """Return what leases need, in the namespace of the secret."""
    for namespace in sorted(namespaces):
        why = "renews leases"
        loss = "a new credential is issued instead of each renewal"
        yield _need("sys/leases/renew", "update", why, namespace, loss)
        why = "revokes a credential once its successor is in use"
        loss = "it lives on until its TTL"
        yield _need("sys/leases/revoke", "update", why, namespace, loss)


def _need(path: str, capability: str, why: str, namespace: str, without: str) -> Need:
    return Need(path, (capability,), (why,), namespace, without=without)
