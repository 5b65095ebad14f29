"""AppRole login: a role id and a secret id, which may come response-wrapped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from injector.base.errors import AuthError, TransientError
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.engine.auth.refusals import Refusals
from injector.sources.vault import Token, Vault

# What a refusal mostly means.
WRONG = (
    "the two ids must belong to the same role of this mount; a secret id expires, and may be good "
    "for a few logins only"
)
NOT_ASKED = (
    "does that mount exist? After several wrong secret ids Vault locks the whole role out for a "
    "while: look at `vault read sys/locked-users`"
)


@dataclass(frozen=True, slots=True)
class SecretId:
    """A secret id ready to post. `file_text` tells whether the file has changed since."""

    value: str = field(repr=False)
    file_text: str = field(repr=False)


class AppRole(Method):
    """Reads both ids at every login; a file that is there beats what is remembered.

    A secret id is kept in memory only where nothing else has it: its file was removed after
    reading, or it held a wrapping token, which opens once.
    """

    def __init__(
        self,
        config: model.AppRole,
        mount: str,
        namespace: str,
        *,
        log: Logger,
        metrics: Metrics,
        redactor: Redactor,
    ) -> None:
        self._config = config
        self._mount = mount
        self._namespace = namespace
        self._log = log
        self._metrics = metrics
        self._redactor = redactor
        self.secret_id: SecretId | None = None  # handed over, since nothing else has it
        self._refusals = Refusals()
        self._unanswered = ""  # the wrapping token that we may have opened ourselves

    @property
    def inputs(self) -> frozenset[str]:
        files = {self._config.role_id_file_path, self._config.secret_id_file_path}
        return frozenset(files - {""})

    @property
    def at_once(self) -> frozenset[str]:
        return frozenset({self._config.secret_id_file_path} - {""})

    async def log_in(self, vault: Vault) -> Token:
        role_id = material.read(self._config.role_id_file_path, "role id")
        self._redactor.learn("role id", role_id)  # not secret, but half of a login
        body = {"role_id": role_id}
        secret_id = await self._secret_id(vault)
        if secret_id is not None:
            self._redactor.learn("secret id", (secret_id.value, secret_id.file_text))
            body["secret_id"] = secret_id.value
        self._refusals.check(body, vault.clock.now())
        try:
            token = await vault.log_in(self._mount, body, namespace=self._namespace)
        except AuthError as exc:
            wrong = self._refusals.count(body, exc, vault.clock.now())
            raise AuthError(f"{exc}; {WRONG if wrong else NOT_ASKED}") from exc
        if secret_id is not None:
            self._remove_file(secret_id)
        return token

    async def _secret_id(self, vault: Vault) -> SecretId | None:
        path = self._config.secret_id_file_path
        if not path:
            return None
        if self.secret_id is not None and not material.exists(path):
            return self.secret_id
        if not material.exists(path) and self._config.remove_secret_id_file_after_reading:
            raise AuthError(
                f"there is no secret id at {path}: put a new one there; a successful login removes "
                "it, unless `remove_secret_id_file_after_reading: false`"
            )
        text = material.read(path, "secret id")
        if not self._config.secret_id_response_wrapping_path:
            return SecretId(text, text)
        if self.secret_id is None or self.secret_id.file_text != text:
            self.secret_id = SecretId(await self._unwrap(vault, text, path), text)
        return self.secret_id

    async def _unwrap(self, vault: Vault, wrapping_token: str, path: str) -> str:
        """Open the wrapped secret id, if it was made where it should have been.

        A wrapping token that is already used means that another program may have the secret id,
        unless we used it ourselves, and the answer was lost.
        """
        self._redactor.learn("wrapping token", wrapping_token)
        expected = self._config.secret_id_response_wrapping_path.strip("/")
        where = self._namespace
        try:
            made_at = await vault.wrap_creation_path(wrapping_token, namespace=where)
            if made_at.strip("/") == expected:
                return _secret_id_in(await self._open(vault, wrapping_token))
        except AuthError as exc:
            if wrapping_token == self._unanswered:
                raise AuthError(
                    f"Vault's response to unwrapping the token in {path} was lost, and the secret "
                    f"id with it: put a new one there ({exc})"
                ) from exc
            raise self._alarm(
                f"{path} holds a wrapping token that cannot be opened: it expired, it is a plain "
                "secret id, or somebody else has opened it; issue a new one and find out who did "
                f"({exc})"
            ) from exc
        raise self._alarm(
            f"the wrapping token in {path} was made at {made_at!r}, not at {expected!r}: "
            "it was not issued for this role and is not used"
        )

    async def _open(self, vault: Vault, wrapping_token: str) -> Mapping[str, Any]:
        try:
            return await vault.unwrap(wrapping_token, namespace=self._namespace)
        except TransientError as exc:
            if not exc.undone:
                self._unanswered = wrapping_token
            raise

    def _alarm(self, message: str) -> AuthError:
        self._metrics.unwrap_failed.add()
        return AuthError(f"SECURITY: {message}")

    def _remove_file(self, secret_id: SecretId) -> None:
        """Remove the file after a successful login, and remember what only it had.

        A new file that has come meanwhile stays.
        """
        path = self._config.secret_id_file_path
        if not self._config.remove_secret_id_file_after_reading:
            return
        if not material.holds(path, secret_id.file_text):
            return
        problem = material.remove(path)
        if problem:
            self._log.warning("secret id file not removed", path=path, error=problem)
        else:
            self.secret_id = secret_id


def _secret_id_in(unwrapped: Mapping[str, Any]) -> str:
    secret_id = unwrapped.get("secret_id")
    if not isinstance(secret_id, str) or not secret_id:
        raise AuthError(
            "the wrapped response has no `secret_id`: wrap the response of `…/secret-id`"
        )
    return secret_id
