"""Whom to trust, and what to present: certificates as they are on disk now."""

import os
import ssl

from injector.config import model
from injector.errors import TransientError, unreachable, unreadable
from injector.plainfile import regular


class UnusablePair(TransientError):
    """The client certificate or its key cannot be used as they are in their files now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, undone=True)


def tls_context(settings: model.Vault) -> ssl.SSLContext:
    """Read the certificates now: they may have been rotated since the last connection.

    Raises TransientError naming the file: a half-written pair is complete a moment later.
    """
    context = ssl.create_default_context()
    reading = ""
    try:
        if settings.ca_cert or settings.ca_path:
            reading = settings.ca_cert or settings.ca_path
            if settings.ca_cert and (why := _unreadable(settings.ca_cert)):
                raise TransientError(f"cannot read {reading} for TLS: {why}", undone=True)
            context = ssl.create_default_context(
                cafile=settings.ca_cert or None, capath=settings.ca_path or None
            )
    except (OSError, ssl.SSLError) as exc:
        raise TransientError(
            f"cannot use {reading} for TLS: {reason(exc)}; give PEM that uid {os.geteuid()} reads",
            undone=True,
        ) from exc
    if settings.client_cert:
        _present(context, settings.client_cert, settings.client_key)
    if settings.tls_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Give the context a certificate and its key, both or none."""
    for path in (certificate, key):
        if why := _unreadable(path):
            raise UnusablePair(f"cannot read {path} for TLS: {why}")
    try:
        # With no passphrase given OpenSSL would ask for one on the terminal, and wait.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as exc:
        why = (
            "they do not belong together: perhaps only one has been replaced yet"
            if getattr(exc, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one is not PEM, half-written, or has a passphrase"
        )
        raise UnusablePair(f"cannot use {certificate} with {key} for TLS: {why}") from exc


def _unreadable(path: str) -> str:
    """Return why a file cannot be read; empty if it can. OpenSSL would wait for a pipe's writer."""
    try:
        with open(path, "rb", opener=regular):
            return ""
    except OSError as exc:
        return unreadable(exc)


def reason(exc: BaseException) -> str:
    """Return the words that help: the certificate's problem, or the system's."""
    inner = getattr(exc, "os_error", None) or getattr(exc, "certificate_error", None) or exc
    said = unreachable(inner) if isinstance(inner, OSError) else str(inner)
    return getattr(inner, "verify_message", "") or said or type(inner).__name__


# OpenSSL's numbers (x509_vfy.h) for what is wrong with a certificate.
_NOT_YET, _EXPIRED, _NAMES = 9, 10, (62, 64)


def advice(exc: BaseException) -> str:
    """Say what to do about a connection that TLS has refused."""
    inner = getattr(exc, "certificate_error", None) or getattr(exc, "os_error", None) or exc
    match getattr(inner, "verify_code", None):
        case None:
            return "is it an http:// address, or does something other than Vault answer there?"
        case code if code in _NAMES:
            return "set `vault.tls_server_name` to a name that is in the certificate"
        case code if code == _EXPIRED:
            return "renew the server's certificate, unless this machine's clock is wrong"
        case code if code == _NOT_YET:
            return "set this machine's clock, or the server's"
        case _:
            return "set `vault.ca_cert` to the authority that signed the server's certificate"
