"""Kubernetes login: the pod's projected service-account token, read again at every login."""

from injector.base.redactor import Redactor
from injector.config import model
from injector.engine.auth import material
from injector.engine.auth.method import Method
from injector.sources.vault import Token, Vault

# What a refusal mostly means.
LOOK_AT = (
    "look at the role's service accounts, namespaces and audience, and at Vault's right to review "
    "tokens"
)


class Kubernetes(Method):
    """kubelet replaces the token before it expires, so the newest one is always in the file."""

    def __init__(
        self, config: model.Kubernetes, mount: str, namespace: str, *, redactor: Redactor
    ) -> None:
        self._config = config
        self._mount = mount
        self._namespace = namespace
        self._redactor = redactor

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset({self._config.token_path})

    async def log_in(self, vault: Vault) -> Token:
        jwt = material.read(self._config.token_path, "service-account token")
        self._redactor.learn("JWT", jwt)
        body = {"role": self._config.role, "jwt": jwt}
        return await vault.log_in(self._mount, body, namespace=self._namespace, advice=LOOK_AT)
