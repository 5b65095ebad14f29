"""Talks to a running injector over its listener, with the standard library for fast start-up."""

import http.client
import json
import os
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from injector.errors import ConfigError, DeniedError, MissingError, TransientError, unreadable

if TYPE_CHECKING:
    from injector.config import model

DEFAULT_SOCKET = "/run/injector/injector.sock"
TIMEOUT = 5.0
# Status codes of refused requests → errors.
REFUSALS = {400: ConfigError, 403: DeniedError, 422: MissingError}


@dataclass(frozen=True, slots=True)
class Reply:
    """A status code and a body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where an injector listens, and its certificate file, if known."""

    url: str
    certificate: str = ""

    def __str__(self) -> str:
        return self.url


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def find(address: str | None, config: str | None) -> Address:
    """Return where the injector listens.

    `--address`, then INJECTOR_ADDR, then the first listener in the configuration, then the default
    socket.
    """
    if address or (address := os.environ.get("INJECTOR_ADDR")):
        return Address(address)
    if config:
        from injector.config.listening import listeners  # only with -c

        if found := listeners(config, os.environ):
            return _of(found[0])
    return Address(f"unix://{DEFAULT_SOCKET}")


def _of(listener: "model.Listener") -> Address:
    if listener.type == "unix":
        return Address(f"unix://{listener.address}")
    if listener.tls_cert_file:
        return Address(f"https://{listener.address}", listener.tls_cert_file)
    return Address(f"http://{listener.address}")


def request(address: Address, method: str, path: str, *, timeout: float = 0.0) -> Reply:
    """Send one request, allowing `timeout` seconds more than usual.

    Raises TransientError naming the address if nobody answers, and ConfigError if somebody does
    whose certificate is not trusted.
    """
    connection = _connection(address, TIMEOUT + timeout)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    except ssl.SSLCertVerificationError as exc:
        raise ConfigError(
            f"the certificate at {address} is not trusted: {exc.verify_message}; name the "
            "injector's configuration with -c, or its authority with SSL_CERT_FILE"
        ) from exc
    except (OSError, http.client.HTTPException) as exc:
        raise TransientError(
            f"no injector answers at {address} ({_reason(exc)}); is it running? "
            "Give its address with --address or INJECTOR_ADDR"
        ) from exc
    finally:
        connection.close()


def answer(reply: Reply, address: Address, *, expected: Collection[int]) -> dict[str, Any]:
    """Return the JSON of an expected response; raises the matching error for a refusal."""
    text = reply.body.decode(errors="replace").strip()
    if reply.status in REFUSALS:
        raise REFUSALS[reply.status](text)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if reply.status not in expected or not isinstance(found, dict):
        raise ConfigError(
            f"what answers at {address} is not an injector (status {reply.status}); name its "
            "listener with --address"
        )
    return found


def _connection(address: Address, timeout: float) -> http.client.HTTPConnection:
    url = address.url
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = ("unix", url) if url.startswith("/") else ("http", url)
    try:
        match scheme:
            case "unix":
                return _UnixConnection(rest, timeout=timeout)
            case "http":
                return http.client.HTTPConnection(rest.rstrip("/"), timeout=timeout)
            case "https":
                return http.client.HTTPSConnection(
                    rest.rstrip("/"), timeout=timeout, context=_trust(address.certificate)
                )
    except http.client.InvalidURL as exc:  # a port that is none
        raise ConfigError(f"{url!r}: {exc}; write http://host:port") from exc
    raise ConfigError(f"{url!r} is not unix:///path, http://host:port or https://host:port")


def _trust(certificate: str) -> ssl.SSLContext:
    """Trust the listener's own certificate, whatever its name, or else the system's CAs."""
    try:
        context = ssl.create_default_context(cafile=certificate or None)
    except OSError as exc:
        raise ConfigError(f"cannot read the listener's {certificate}: {unreadable(exc)}") from exc
    if certificate:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = False  # it is reached by an address of this machine
    return context


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
