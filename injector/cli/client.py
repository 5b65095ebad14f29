"""Talks to a running injector over its listener, with next to no imports."""

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from injector.base.errors import ConfigError, DeniedError, MissingError, TransientError
from injector.cli import wire
from injector.cli.wire import Reply

if TYPE_CHECKING:
    from injector.config import model

DEFAULT_SOCKET = "/run/injector/injector.sock"
TIMEOUT = 5.0
# Status codes of refused requests → errors.
REFUSALS = {400: ConfigError, 403: DeniedError, 422: MissingError}


class Address(NamedTuple):
    """Where an injector listens, and its certificate file, if known."""

    url: str
    certificate: str = ""

    def __str__(self) -> str:
        return self.url


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

    Raises TransientError naming the address if nothing answers, and ConfigError if something does
    whose certificate is not trusted.
    """
    try:
        with wire.connect(address.url, address.certificate, TIMEOUT + timeout) as connection:
            return wire.exchange(connection, method, path)
    except OSError as exc:
        raise TransientError(
            f"no injector answers at {address} ({exc.strerror or exc}); is it running? "
            "Give its address with --address or INJECTOR_ADDR"
        ) from exc


def answer(reply: Reply, address: Address, *, expected: Collection[int]) -> dict[str, Any]:
    """Return the JSON of an expected response; raises the matching error for a refusal."""
    import json  # a probe does without

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
