"""Binds listening sockets, and tells who is at the other end of a unix socket."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import stat
import struct
from collections.abc import Iterator

from injector.config import model
from injector.errors import ConfigError

BACKLOG = 512


@contextlib.contextmanager
def bind(listener: model.Listener) -> Iterator[socket.socket]:
    """Bind and listen; a unix socket's file is removed at the end.

    Raises ConfigError naming the address: in use, no permission, no such interface.
    """
    try:
        bound = _unix(listener) if listener.type == "unix" else _tcp(listener.address)
    except OSError as exc:
        raise ConfigError(
            f"listener: cannot listen on {listener.address}: {exc.strerror or exc}; {_remedy(exc)}"
        ) from exc
    with bound:
        try:
            yield bound
        finally:
            if listener.type == "unix":
                with contextlib.suppress(OSError):
                    os.unlink(listener.address)


def name_of(bound: socket.socket) -> str:
    """Return where it listens, as a configuration writes it; a port 0 has become a real one."""
    name = bound.getsockname()
    if isinstance(name, str):
        return name
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def tls_context(listener: model.Listener) -> ssl.SSLContext | None:
    """Return what a TCP listener with a certificate serves with; raises ConfigError."""
    if listener.type == "unix" or not listener.tls_cert_file:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(listener.tls_cert_file, listener.tls_key_file)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(
            f"listener: cannot use {listener.tls_cert_file} with {listener.tls_key_file}: {exc}; "
            f"give a pair in PEM, without a passphrase, that uid {os.geteuid()} may read"
        ) from exc
    return context


def _remedy(exc: OSError) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return "another process has it: end that, or name another address under `listener:`"
        case errno.EACCES | errno.EPERM:
            return (
                f"name a port above 1023, or a folder that uid {os.geteuid()} may write, under "
                "`listener:`"
            )
    return "name an address of this machine under `listener:`"


def same_user(transport: asyncio.BaseTransport | None) -> bool | None:
    """Tell whether the peer runs as our uid or as root; None where nobody can know (TCP)."""
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family != socket.AF_UNIX:
        return None
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.geteuid())


def _unix(listener: model.Listener) -> socket.socket:
    """Bind with the mode in place from the first moment: a umask, not a chmod afterwards."""
    os.makedirs(os.path.dirname(listener.address), exist_ok=True)
    _remove_stale(listener.address)
    bound = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~listener.socket_mode)
    try:
        bound.bind(listener.address)
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(before)
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def _remove_stale(address: str) -> None:
    """Remove the socket of a killed run; leave one that somebody serves."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(address).st_mode):
            raise ConfigError(
                f"listener: {address} exists and is not a socket: move it away, or name another"
            )
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)  # who serves it may be stopped, and its queue be full
            with contextlib.suppress(BlockingIOError):
                try:
                    probe.connect(address)
                except ConnectionRefusedError:
                    os.unlink(address)
                    return
            raise ConfigError(
                f"listener: another process serves {address}; give this one its own address "
                "under `listener:`"
            )


def _tcp(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    found = socket.getaddrinfo(
        host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, target = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(target)
    except OSError:
        bound.close()
        raise
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound
