"""Whom to trust, and what to present: certificates as they are on disk now."""

import errno
import os
import ssl
import stat
from contextlib import ExitStack, suppress

from injector.base import safe_open
from injector.base.errors import TransientError, unreachable, unreadable
from injector.config import model


class UnusablePair(TransientError):
    """The client certificate or its key cannot be used as they are in their files now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, undone=True)


def tls_context(settings: model.Vault) -> ssl.SSLContext:
    """Read the certificates now: they may have been rotated since the last connection.

    Raises TransientError naming the file: a half-written pair is complete a moment later.
    """
    try:
        context = _trusting(settings)
    except ssl.SSLError as exc:
        raise TransientError(
            f"cannot use {trusted(settings)} for TLS: {reason(exc)}; give PEM that uid "
            f"{os.geteuid()} reads",
            undone=True,
        ) from exc
    except OSError as exc:
        raise TransientError(
            f"cannot read {exc.filename or settings.ca_path} for TLS: {unreadable(exc)}",
            undone=True,
        ) from exc
    if settings.client_cert:
        _present(context, settings.client_cert, settings.client_key)
    if settings.tls_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def trusted(settings: model.Vault) -> str:
    """Name what is trusted, for messages."""
    if settings.ca_cert_bytes:
        return "`vault.ca_cert_bytes`"
    return settings.ca_cert or settings.ca_path or "the system's authorities"


def _trusting(settings: model.Vault) -> ssl.SSLContext:
    """Trust the authorities of the settings, else those of this machine; raises OSError."""
    if settings.ca_cert_bytes:
        pem = settings.ca_cert_bytes.encode("ascii", "replace").decode()
        return ssl.create_default_context(cadata=pem)
    with ExitStack() as opened:
        file = settings.ca_cert and opened.enter_context(safe_open.held(settings.ca_cert))
        if settings.ca_path:
            _require_no_pipe_in(settings.ca_path)
        return ssl.create_default_context(cafile=file or None, capath=settings.ca_path or None)


def _require_no_pipe_in(directory: str) -> None:
    """Raise OSError naming what OpenSSL would wait for once it looks for a certificate there."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        with suppress(FileNotFoundError):  # a link that leads nowhere
            mode = os.stat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise OSError(errno.EINVAL, safe_open.NOT_REGULAR, path)


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Give the context a certificate and its key, both or none."""
    try:
        with safe_open.held(certificate) as chain, safe_open.held(key) as private:
            # With no passphrase given OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(chain, private, password="")
    except ssl.SSLError as exc:
        why = (
            "they do not belong together: perhaps only one has been replaced yet"
            if getattr(exc, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one is not PEM, half-written, or has a passphrase"
        )
        raise UnusablePair(f"cannot use {certificate} with {key} for TLS: {why}") from exc
    except OSError as exc:
        raise UnusablePair(f"cannot read {exc.filename} for TLS: {unreadable(exc)}") from exc


def reason(exc: BaseException) -> str:
    """Return the words that help: the certificate's problem, or the system's."""
    inner = getattr(exc, "os_error", None) or getattr(exc, "certificate_error", None) or exc
    said = unreachable(inner) if isinstance(inner, OSError) else str(inner)
    return getattr(inner, "verify_message", "") or said or type(inner).__name__


# OpenSSL's numbers (x509_vfy.h) for what is wrong with a certificate.
_NOT_YET, _EXPIRED, _NAMES = 9, 10, (62, 64)


# OpenSSL's words for an answer that is not TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")


def advice(exc: BaseException) -> str:
    """Say what to do about a connection that TLS has refused."""
    inner = getattr(exc, "certificate_error", None) or getattr(exc, "os_error", None) or exc
    match getattr(inner, "verify_code", None):
        case None:
            if getattr(inner, "reason", None) in _NO_TLS:
                return "it does not speak TLS; write http:// if that is meant, or correct the port"
            return "is it an http:// address, or does something other than Vault answer there?"
        case code if code in _NAMES:
            return "set `vault.tls_server_name` to a name that is in the certificate"
        case code if code == _EXPIRED:
            return "renew the server's certificate, unless this machine's clock is wrong"
        case code if code == _NOT_YET:
            return "set this machine's clock, or the server's"
        case _:
            return "set `vault.ca_cert` to the authority that signed the server's certificate"
