"""Judges the result of a TLS handshake with the server. Decisions only; nothing is sent."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from injector.base.errors import TransientError
from injector.config import model
from injector.preflight.check.finding import Finding, ok, problem, warning
from injector.sources.vault.tls import advice, reason, trusted

ABOUT = "tls"
# Certificates are renewed well ahead of time: at this share of a life, and this many seconds.
LATE_SHARE, LATE = 0.2, 14 * 86400.0


def judge(certificate: Mapping[str, Any], settings: model.Vault, now: float) -> Finding:
    """Report the server's identity, who signed it, and its expiry."""
    issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    signer = issuer.get("commonName") or issuer.get("organizationName") or "an unnamed authority"
    starts, ends = (ssl.cert_time_to_seconds(certificate[key]) for key in ("notBefore", "notAfter"))
    text = (
        f"{_expected(settings)} is signed by {signer!r}, trusting {trusted(settings)}; "
        f"the certificate ends in {_span(ends - now)}"
    )
    if ends - now < min(LATE, (ends - starts) * LATE_SHARE):
        return warning(ABOUT, text, "renew it: nothing can log in after that")
    return ok(ABOUT, text)


def refused(exc: ssl.SSLError, settings: model.Vault) -> Finding:
    """Explain why there is no connection, and what to do."""
    if getattr(exc, "verify_code", None) is None:
        text = f"no TLS with {settings.address}: {exc.reason or reason(exc)}"
    else:
        text = f"{settings.address} is not trusted by {trusted(settings)}: {reason(exc)}"
    return problem(ABOUT, text, advice(exc), like=TransientError)


def _expected(settings: model.Vault) -> str:
    return settings.tls_server_name or urlsplit(settings.address).hostname or settings.address


def _span(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 3600:.0f} h"  # noqa: PLR2004 - readable
