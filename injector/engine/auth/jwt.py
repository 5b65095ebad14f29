"""JWT login: a token from a file, which may be there for one login only."""

import os

from injector.base.log import Logger
from injector.base.redactor import Redactor
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.sources.vault import Token, Vault

# What a refusal mostly means.
LOOK_AT = "look at the role's bound claims and audience, and whether the JWT has expired"


class Jwt(Method):
    """Reads the file at every login. A JWT expires, so a removed one is not remembered."""

    def __init__(
        self, config: model.Jwt, mount: str, namespace: str, *, log: Logger, redactor: Redactor
    ) -> None:
        self._config = config
        self._mount = mount
        self._namespace = namespace
        self._log = log
        self._redactor = redactor

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset({self._config.path})

    @property
    def at_once(self) -> frozenset[str]:
        """A JWT that is removed after a login was for that one; a projected one is renewed."""
        config = self._config
        stays = os.path.islink(config.path) and not config.remove_jwt_follows_symlinks
        return self.inputs if config.remove_jwt_after_reading and not stays else frozenset()

    async def log_in(self, vault: Vault) -> Token:
        jwt = material.read(self._config.path, "JWT")
        self._redactor.learn("JWT", jwt)
        body = {"role": self._config.role, "jwt": jwt}
        token = await vault.log_in(self._mount, body, namespace=self._namespace, advice=LOOK_AT)
        if self._config.remove_jwt_after_reading:
            self._remove(jwt)
        return token

    def _remove(self, used: str) -> None:
        """Remove the file of a JWT that has been used, unless a newer one is in it by now."""
        path = self._config.path
        if os.path.islink(path):
            if not self._config.remove_jwt_follows_symlinks:
                self._log.info("jwt file not removed", path=path, reason="it is a symlink")
                return
            path = os.path.realpath(path)
        if not material.holds(path, used):
            return
        problem = material.remove(path)
        if problem:
            self._log.warning("jwt file not removed", path=path, error=problem)
