"""Makes happen in development what can happen to secrets in production."""

import contextlib
from collections.abc import Callable, Iterator

import hvac

from injector.base.errors import ConfigError
from injector.config.problem import suggest
from injector.dev.bao import asking
from injector.dev.kinds import SecretKind
from injector.dev.loading import kinds
from injector.dev.place import ServerAccess

POLICY = "injector-dev"
TOKEN = "token"  # noqa: S105 - what the injector's own token is called

# Asks the injector for a secret by its path, and returns when it has been delivered.
Refresh = Callable[[str], str]


class Rehearsal:
    """Acts on the server of a running `injector dev`, from any process."""

    def __init__(self, state: ServerAccess, refresh: Refresh) -> None:
        self._state = state
        self._refresh = refresh
        self._kinds = kinds(state.seed)
        self._admin = hvac.Client(state.address, token=state.root_token)

    def rotate(self, name: str) -> str:
        """Give a secret a new value; return a line about the result. Raises InjectorError."""
        kind = self._kind(name)
        with asking(f"rotate {name}"):
            kind.rotate(self._admin)
        return self._refresh(kind.path)

    def expire(self, name: str) -> str:
        """Revoke what was issued, as an operator does in an emergency."""
        if name == TOKEN:
            with asking("revoke the injector's token"):
                self._revoke_tokens()
            return "revoked the injector's token, and every lease that hangs on it"
        kind = self._kind(name)
        with asking(f"revoke {name}"):
            kind.expire(self._admin)
        return f"revoked every lease of {kind.path}"

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Seal the server during the block: it answers 503, and loses nothing."""
        with asking("seal the server"):
            self._admin.sys.seal()
        try:
            yield
        finally:
            with asking("unseal the server"):
                self._admin.sys.submit_unseal_key(self._state.unseal_key)

    @property
    def rotatable(self) -> list[str]:
        return [name for name, kind in self._kinds.items() if kind.rotates]

    @property
    def expirable(self) -> list[str]:
        return [TOKEN, *(name for name, kind in self._kinds.items() if kind.expires)]

    def _kind(self, name: str) -> SecretKind:
        try:
            return self._kinds[name]
        except KeyError:
            raise ConfigError(
                f"no secret is called '{name}'; {suggest(name, [*self._kinds])}"
            ) from None

    def _revoke_tokens(self) -> None:
        for accessor in self._admin.list("auth/token/accessors")["data"]["keys"]:
            with contextlib.suppress(hvac.exceptions.VaultError):  # it has just ended
                found = self._admin.auth.token.lookup_accessor(accessor)["data"]
                if POLICY in found["policies"]:
                    self._admin.auth.token.revoke_accessor(accessor)
