"""No login: a token that was made elsewhere, for development."""

from injector.base.redactor import Redactor
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.sources.vault import Token, Vault


class TokenFile(Method):
    """The token is asked about first, so that a dead one is noticed here and not at a secret."""

    def __init__(self, config: model.TokenFile, *, redactor: Redactor) -> None:
        self._config = config
        self._redactor = redactor

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset({self._config.token_file_path})

    @property
    def at_once(self) -> frozenset[str]:
        return self.inputs

    async def log_in(self, vault: Vault) -> Token:
        token = material.read(self._config.token_file_path, "token")
        self._redactor.learn("given token", token)
        return await vault.look_up(token)


class GivenToken(Method):
    """The environment's VAULT_TOKEN or BAO_TOKEN, where no auto_auth is configured."""

    inputs: frozenset[str] = frozenset()

    def __init__(self, value: str, *, redactor: Redactor) -> None:
        self._value = value
        redactor.learn("given token", value)

    async def log_in(self, vault: Vault) -> Token:
        return await vault.look_up(self._value)
