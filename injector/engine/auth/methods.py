"""The login methods: which one the configuration asks for. Another is added here."""

from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.base.redactor import Redactor
from injector.config import model
from injector.engine.auth.method import Method


def method(settings: model.Method, *, log: Logger, metrics: Metrics, redactor: Redactor) -> Method:
    """Make the method that `auto_auth.method` describes.

    What a login posts is no less secret than what it gets: methods tell the redactor.
    """
    path = settings.mount_path or settings.config.mount
    # Each is imported where it is used: a process has one identity.
    match settings.config:
        case model.Kubernetes() as config:
            from injector.engine.auth.kubernetes import Kubernetes

            return Kubernetes(config, path, settings.namespace, redactor=redactor)
        case model.AppRole() as config:
            from injector.engine.auth.approle import AppRole

            return AppRole(
                config, path, settings.namespace, log=log, metrics=metrics, redactor=redactor
            )
        case model.Jwt() as config:
            from injector.engine.auth.jwt import Jwt

            return Jwt(config, path, settings.namespace, log=log, redactor=redactor)
        case model.Cert() as config:
            from injector.engine.auth.cert import Cert

            return Cert(config, path, settings.namespace)
        case model.TokenFile() as config:
            from injector.engine.auth.token_file import TokenFile

            return TokenFile(config, redactor=redactor)


def method_of_token(token: str, redactor: Redactor) -> tuple[model.Method, Method]:
    """Make the method of a configuration without `auto_auth`: the environment's token."""
    from injector.engine.auth.token_file import GivenToken

    as_if = model.TokenFile(token_file_path="VAULT_TOKEN")  # noqa: S106 - a name
    return model.Method(type="token_file", config=as_if), GivenToken(token, redactor=redactor)
