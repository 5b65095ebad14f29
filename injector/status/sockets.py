"""The sockets of the listeners, and the peers connected to them."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import stat
import struct
from collections.abc import Collection, Iterable

from injector.base import safe_open
from injector.base.errors import ConfigError
from injector.config import model
from injector.targets.files.rights import OURS, Owner, owner_of

BACKLOG = 512


class Sockets:
    """The listening sockets, which outlive a reload: connections made meanwhile wait."""

    def __init__(self) -> None:
        self.listeners: tuple[model.Listener, ...] = ()
        self._bound: dict[str, socket.socket] = {}

    def open(self, listeners: Iterable[model.Listener]) -> None:
        """Listen on the new addresses: on all of them, or on none.

        Sockets that are no longer needed stay until `settle`. Raises ConfigError.
        """
        listeners = tuple(listeners)
        stay = {listener.address for listener in listeners}
        going = [bound for address, bound in self._bound.items() if address not in stay]
        new: dict[str, socket.socket] = {}
        try:
            for listener in listeners:
                tls_context(listener)
                _owner(listener)
                if listener.address not in new and not self._serves(listener):
                    new[listener.address] = bind(listener, instead_of=going)
        except ConfigError:
            for bound in new.values():
                _close(bound)
            raise
        self.listeners = listeners
        for address, bound in new.items():
            if (lost := self._bound.get(address)) is not None:
                lost.close()
            self._bound[address] = bound

    def _serves(self, listener: model.Listener) -> bool:
        """Return whether clients can connect there; not if the socket's file has been removed."""
        is_there = listener.type != "unix" or os.path.lexists(listener.address)
        return is_there and listener.address in self._bound

    def settle(self) -> None:
        """Close the sockets that the last `open` did not name."""
        for address in self._bound.keys() - {listener.address for listener in self.listeners}:
            _close(self._bound.pop(address))
        for listener in self.listeners:
            if listener.type == "unix":
                with contextlib.suppress(OSError):  # without its file no client can connect
                    _set_rights(listener, _owner(listener))

    def at(self, address: str) -> socket.socket:
        """Return a socket for an address, for a server to close when it ends."""
        return self._bound[address].dup()

    def close(self) -> None:
        """Close all sockets."""
        self.listeners = ()
        self.settle()


def bind(listener: model.Listener, *, instead_of: Collection[socket.socket] = ()) -> socket.socket:
    """Bind and listen, even where one of our own sockets still listens that is about to close.

    Raises ConfigError naming the address: in use, no permission, no such interface.
    """
    try:
        if listener.type == "unix":
            return _unix(listener)
        return _tcp(listener.address, instead_of)
    except OSError as exc:
        raise ConfigError(
            f"listener: cannot listen on {listener.address}: {exc.strerror or exc}; {_remedy(exc)}"
        ) from exc


def _close(bound: socket.socket) -> None:
    """Close a socket; a unix socket's file goes with it."""
    name = bound.getsockname()
    bound.close()
    if isinstance(name, str):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.lstat(name).st_mode):
                os.unlink(name)


def _owner(listener: model.Listener) -> Owner:
    try:
        return owner_of(listener.socket_user, listener.socket_group)
    except LookupError as exc:
        raise ConfigError(f"listener: {listener.address}: {exc.args[0]}") from None


def _set_rights(listener: model.Listener, owner: Owner) -> None:
    """Give a unix socket's file its owner and mode, which a reload may have changed."""
    fd = safe_open.anything(listener.address, os.O_PATH)
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):  # or it is not ours
            if owner != OURS:
                os.chown(f"/proc/self/fd/{fd}", owner.uid, owner.gid)
            os.chmod(f"/proc/self/fd/{fd}", listener.socket_mode)
    finally:
        os.close(fd)


def name_of(bound: socket.socket) -> str:
    """Return its address as in a configuration; port 0 is replaced by the real one."""
    name = bound.getsockname()
    if isinstance(name, str):
        return name
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def tls_context(listener: model.Listener) -> ssl.SSLContext | None:
    """Return the TLS context of a TCP listener with a certificate; raises ConfigError."""
    if listener.type == "unix" or not listener.tls_cert_file:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        with (
            safe_open.held(listener.tls_cert_file) as certificate,
            safe_open.held(listener.tls_key_file) as key,
        ):
            # With no passphrase given OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(certificate, key, password="")
    except OSError as exc:  # SSLError is one
        raise ConfigError(
            f"listener: cannot use {listener.tls_cert_file} with {listener.tls_key_file}: "
            f"{_why(exc)}; give a pair in PEM, without a passphrase, that uid {os.geteuid()} may "
            "read"
        ) from exc
    return context


def _why(exc: OSError) -> str:
    why = exc.strerror or str(exc)
    return f"{exc.filename}: {why}" if exc.filename else why


def _remedy(exc: OSError) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return (
                "another process has it, or another listener here: end that, or name another "
                "address under `listener:`"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"name a port above 1023, a directory that uid {os.geteuid()} may write, or an "
                "owner that it may set, under `listener:`"
            )
    return "name an address of this machine under `listener:`"


def same_user(transport: asyncio.BaseTransport | None) -> bool | None:
    """Return whether the peer runs as our uid or as root; None if unknown (TCP)."""
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family != socket.AF_UNIX:
        return None
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.geteuid())


def _unix(listener: model.Listener) -> socket.socket:
    """Bind with the mode in place from the first moment: a umask, not a chmod afterwards."""
    owner = _owner(listener)
    os.makedirs(os.path.dirname(listener.address), exist_ok=True)
    _remove_stale(listener.address)
    bound = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~listener.socket_mode)
    try:
        bound.bind(listener.address)
        if owner != OURS:
            _own(listener, owner)
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(before)
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def _own(listener: model.Listener, owner: Owner) -> None:
    """Give a socket away, or leave none behind."""
    try:
        _set_rights(listener, owner)
    except OSError:
        os.unlink(listener.address)
        raise


def _remove_stale(address: str) -> None:
    """Remove the socket of a killed run; leave one that is being served."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(address).st_mode):
            raise ConfigError(
                f"listener: {address} exists and is not a socket: move it away, or name another"
            )
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)  # its server may be stopped, with a full queue
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


def _tcp(address: str, instead_of: Collection[socket.socket]) -> socket.socket:
    host, _, port = address.rpartition(":")
    found = socket.getaddrinfo(
        host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, target = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # From 0.0.0.0:8099 to 127.0.0.1:8099: the kernel lets both listen only if both agree.
        if ours := [going for going in instead_of if _port(going) == int(port)]:
            for each in (*ours, bound):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(target)
    except OSError:
        bound.close()
        raise
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def _port(bound: socket.socket) -> int | None:
    name = bound.getsockname()
    return None if isinstance(name, str) else int(name[1])
