"""Warns about certificates that cannot be used on this machine: missing, unreadable, half a pair.

No more than a warning: each connection reads them again, and they may be there by then.
"""

from collections.abc import Iterator, Mapping

import msgspec

from injector.base.errors import TransientError
from injector.config import model
from injector.config.language import read
from injector.config.problem import Problem, Where
from injector.runtime.plan import Plan
from injector.sources.vault.tls import UnusablePair, tls_context


def untrusted(plan: Plan, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a line for whatever keeps TLS with Vault from being set up here."""
    found = list(_unusable(plan.config))
    if found:
        document = read(plan.loaded.path, environ).document
        yield from document.shown(document.problem(where, text) for where, text in found)


def _unusable(config: model.Config) -> Iterator[tuple[Where, str]]:
    vault = config.vault
    if not vault.address.startswith("https:"):
        return
    uses: list[tuple[Where, model.Vault]] = [(("vault",), vault)]
    login = config.auto_auth.method.config if config.auto_auth is not None else None
    if isinstance(login, model.Cert):
        cert, key = login.client_cert, login.client_key
        own = msgspec.structs.replace(vault, client_cert=cert, client_key=key)
        if own != vault:
            uses.append((("auto_auth", "method", "config"), own))
    for block, settings in uses:
        try:
            tls_context(settings)
        except UnusablePair as exc:
            yield (*block, "client_cert"), str(exc)
        except TransientError as exc:
            keys = ("ca_cert_bytes", "ca_cert", "ca_path")
            yield ("vault", next((key for key in keys if getattr(vault, key)), "address")), str(exc)
            return
