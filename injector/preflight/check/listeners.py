"""Checks that the addresses of `listener:` are available, without serving on them."""

import errno
import os
import socket
import stat
from collections.abc import Iterator

from injector.base.errors import ConfigError
from injector.config import Loaded, model
from injector.preflight.check.finding import Finding, note, ok, problem
from injector.runtime.listeners import DEFAULT
from injector.status.sockets import bind, tls_context

ELSEWHERE = "name another address under `listener:`"
SERVED = "is in use: fine if that is an injector with this configuration"


def check_listeners(loaded: Loaded) -> Iterator[Finding]:
    for listener in loaded.config.listener:
        yield _unix(listener.address) if listener.type == "unix" else _tcp(listener)
    if not loaded.config.listener and loaded.behaviour.has_default_listener:
        # `run` does without the default socket, if need be.
        found = _unix(DEFAULT.address)
        text = f"{found.text}; without it `injector probe` and `status` do not work"
        yield note(found.about, text) if found.exit_code else found


def _unix(address: str) -> Finding:
    """Check the socket's directory: binding would create the socket."""
    about = f"listener {address}"
    directory = os.path.dirname(address)
    try:
        is_socket = stat.S_ISSOCK(os.lstat(address).st_mode)
    except FileNotFoundError:
        pass
    except OSError as exc:
        return problem(about, exc.strerror or str(exc), ELSEWHERE, like=ConfigError)
    else:
        if not is_socket:
            return problem(about, "is there, and is not a socket", ELSEWHERE, like=ConfigError)
        if _is_served(address):
            return note(about, SERVED)
    if os.path.isdir(directory):
        nearest, done = directory, "is available"
    else:
        nearest, done = _nearest(directory), f"is available: {directory} will be made"
    if os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        return ok(about, done)
    text = f"uid {os.geteuid()} may not write in {nearest}"
    remedy = f"make {directory} writable for it, or {ELSEWHERE}"
    return problem(about, text, remedy, like=ConfigError)


def _nearest(directory: str) -> str:
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return directory


def _is_served(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False  # left by a killed run: `run` replaces it
    return True


def _tcp(listener: model.Listener) -> Finding:
    """Bind for a moment: there is no other way to find out."""
    about = f"listener {listener.address}"
    try:
        tls_context(listener)
        with bind(listener):
            return ok(about, "is available")
    except ConfigError as exc:
        if getattr(exc.__cause__, "errno", 0) == errno.EADDRINUSE:
            return note(about, SERVED)
        return problem(about, str(exc), like=exc)
