"""Talks to a running injector over its listener, with the standard library for fast start-up."""

import http.client
import json
import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from injector.errors import ConfigError, DeniedError, MissingError, TransientError

DEFAULT_SOCKET = "/run/injector/injector.sock"
TIMEOUT = 5.0
# Status codes of refused requests → errors.
REFUSALS = {400: ConfigError, 403: DeniedError, 422: MissingError}


@dataclass(frozen=True, slots=True)
class Reply:
    """A status code and a body."""

    status: int
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
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


def request(address: str, method: str, path: str, *, timeout: float = 0.0) -> Reply:
    """Send one request, allowing `timeout` seconds more than usual.

    Raises TransientError naming the address if nobody answers.
    """
    connection = _connection(address, TIMEOUT + timeout)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    except (OSError, http.client.HTTPException) as exc:
        raise TransientError(
            f"no injector answers at {address} ({_reason(exc)}); is it running? "
            "Give its address with --address or INJECTOR_ADDR"
        ) from exc
    finally:
        connection.close()


def answer(reply: Reply, address: str, *, expected: Collection[int]) -> dict[str, Any]:
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


def _connection(address: str, timeout: float) -> http.client.HTTPConnection:
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = ("unix", address) if address.startswith("/") else ("http", address)
    try:
        match scheme:
            case "unix":
                return _UnixConnection(rest, timeout=timeout)
            case "http":
                return http.client.HTTPConnection(rest.rstrip("/"), timeout=timeout)
            case "https":
                return http.client.HTTPSConnection(rest.rstrip("/"), timeout=timeout)
    except http.client.InvalidURL as exc:  # a port that is none
        raise ConfigError(f"{address!r}: {exc}; write http://host:port") from exc
    raise ConfigError(f"{address!r} is not unix:///path, http://host:port or https://host:port")


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
