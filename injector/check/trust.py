"""Warns about certificates that cannot be used on this machine: missing, unreadable, half a pair.

No more than a warning: each connection reads them again, and they may be there by then.
"""

from collections.abc import Iterator, Mapping

import msgspec

from injector.agent.plan import Plan
from injector.config import model
from injector.config.language import read
from injector.config.problem import Where
from injector.errors import TransientError
from injector.vault.tls import UnusablePair, tls_context


def untrusted(plan: Plan, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for whatever keeps TLS with Vault from being set up here."""
    found = list(_unusable(plan.config))
    if found:
        document = read(plan.loaded.path, environ).document
        for where, text in found:
            yield document.problem(where, text).of(plan.loaded.path)


def _unusable(config: model.Config) -> Iterator[tuple[Where, str]]:
    vault = config.vault
    if not vault.address.startswith("https:"):
        return
    block: Where = ("vault",)
    try:
        tls_context(vault)
        login = config.auto_auth.method.config if config.auto_auth is not None else None
        if isinstance(login, model.Cert) and login.client_cert != vault.client_cert:
            block = ("auto_auth", "method", "config")
            tls_context(
                msgspec.structs.replace(
                    vault, client_cert=login.client_cert, client_key=login.client_key
                )
            )
    except UnusablePair as exc:
        yield (*block, "client_cert"), str(exc)
    except TransientError as exc:
        yield ("vault", "ca_cert" if vault.ca_cert else "ca_path"), str(exc)
