"""Talks to a running injector over its listener, with the standard library: start-up counts."""

import http.client
import os
import socket
from dataclasses import dataclass

from injector.errors import ConfigError, TransientError

DEFAULT_SOCKET = "/run/injector/injector.sock"
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A status code and a body."""

    status: int
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def find(address: str | None, config: str | None) -> str:
    """Return where the injector listens.

    `--address`, then INJECTOR_ADDR, then the first listener in the configuration, then the default
    socket.
    """
    if address or (address := os.environ.get("INJECTOR_ADDR")):
        return address
    if config:
        from injector.config import load  # only with -c

        listeners = load(config, os.environ).config.listener
        if listeners:
            first = listeners[0]
            scheme = (
                "unix://"
                if first.type == "unix"
                else "http://"
                if not first.tls_cert_file
                else "https://"
            )
            return scheme + first.address
    return f"unix://{DEFAULT_SOCKET}"


def request(address: str, method: str, path: str) -> Reply:
    """Send one request; raises TransientError naming the address if nobody answers."""
    connection = _connection(address)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    except (OSError, http.client.HTTPException) as exc:
        raise TransientError(
            f"no injector answers at {address} ({_reason(exc)}); is it running? "
            "Say where with --address or INJECTOR_ADDR"
        ) from exc
    finally:
        connection.close()


def _connection(address: str) -> http.client.HTTPConnection:
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = ("unix", address) if address.startswith("/") else ("http", address)
    try:
        match scheme:
            case "unix":
                return _UnixConnection(rest)
            case "http":
                return http.client.HTTPConnection(rest.rstrip("/"), timeout=TIMEOUT)
            case "https":
                return http.client.HTTPSConnection(rest.rstrip("/"), timeout=TIMEOUT)
    except http.client.InvalidURL as exc:  # a port that is none
        raise ConfigError(f"{address!r}: {exc}") from exc
    raise ConfigError(f"{address!r} is not unix:///path, http://host:port or https://host:port")


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
