"""Rules for connections: the server, the login, our own listeners."""

import os
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from injector.config import model
from injector.config.problem import Breach, Where


def findings(config: model.Config) -> Iterator[Breach]:
    yield from _server(config.vault)
    if config.auto_auth is not None:
        yield from _login(config.auto_auth.method, config.vault)
    for i, listener in enumerate(config.listener):
        for finding in _listener(listener):
            yield finding._replace(where=("listener", i, *finding.where))


# --- vault -------------------------------------------------------------------------------------


def _server(vault: model.Vault) -> Iterator[Breach]:
    yield from _address(vault.address)
    for one, other in (("client_cert", "client_key"), ("client_key", "client_cert")):
        if getattr(vault, one) and not getattr(vault, other):
            yield Breach(("vault", one), f"needs vault.{other} as well")
    if vault.tls_skip_verify:
        yield Breach(
            ("vault", "tls_skip_verify"),
            "any server is trusted, so anybody between here and Vault can read the secrets; "
            "give vault.ca_cert instead",
            warning=True,
        )


def _address(address: str) -> Iterator[Breach]:
    where = ("vault", "address")
    if not address:
        yield Breach(
            where,
            "is required, unless VAULT_ADDR or BAO_ADDR is set; "
            "for example https://vault.example:8200",
        )
        return
    url = split_url(address)
    if url is None or url.scheme not in ("http", "https", "unix"):
        yield Breach(where, f"expected https://host:port or unix:///path{_schemed(address)}")
    elif url.scheme == "unix":
        if url.netloc or not url.path.startswith("/"):
            yield Breach(where, "expected unix:///path, with three slashes")
        else:
            yield from _length(where, url.path)
    elif not url.hostname:
        yield Breach(where, "has no host; expected https://host:port")
    elif url.username or url.password:
        yield Breach(where, "must not contain a user or password")
    elif url.query or url.fragment:
        yield Breach(where, "must end with the port, without '?' or '#'")
    elif re.match(r"/(v1|ui)(/|$)", url.path):
        yield Breach(where, f"ends with the host, or its port; remove '{url.path}'")
    elif url.scheme == "http" and not is_loopback(url.hostname):
        yield Breach(
            where, "http:// sends tokens and secrets readable over the network", warning=True
        )


def _schemed(address: str) -> str:
    """Say what is missing in an address that is only a host."""
    is_host = re.fullmatch(r"[\w.-]+(?::[0-9]+)?/?", address)
    return "; write https:// before the host" if is_host else ""


# What fits into sun_path (unix(7)), without the NUL at its end.
_LONGEST_SOCKET = 107


def _length(where: Where, path: str) -> Iterator[Breach]:
    size = len(os.fsencode(path))
    if size > _LONGEST_SOCKET:
        yield Breach(
            where,
            f"is {size} bytes long, and the kernel takes {_LONGEST_SOCKET} for a socket; choose a "
            "shorter path",
        )


def split_url(text: str) -> SplitResult | None:
    """Return the parts of a URL, or None if it is not one."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


# --- auto_auth ---------------------------------------------------------------------------------


def _login(method: model.Method, vault: model.Vault) -> Iterator[Breach]:
    where = ("auto_auth", "method")
    mount = method.mount_path
    if mount and mount != "auth" and not mount.startswith("auth/"):
        yield Breach((*where, "mount_path"), "auth mounts begin with 'auth/'; add that")
    if mount == "auth":
        yield Breach((*where, "mount_path"), f"expected 'auth/NAME', such as auth/{method.type}")
    if method.min_backoff > method.max_backoff:
        yield Breach(
            (*where, "max_backoff"),
            f"must not be less than min_backoff ({method.min_backoff:g}s)",
        )
    if isinstance(method.config, model.Cert):
        yield from _certificate(method.config, vault)


def _certificate(cert: model.Cert, vault: model.Vault) -> Iterator[Breach]:
    where = ("auto_auth", "method")
    if vault.address and not vault.address.startswith("https:"):
        yield Breach(
            (*where, "type"),
            "cert needs an https:// address in vault.address: "
            "a certificate is presented while TLS is set up",
        )
    # If there was no pair, the one in `vault` has been filled in.
    if not (cert.client_cert or cert.client_key):
        yield Breach(
            (*where, "config"), "needs client_cert and client_key, here or in vault", ("type",)
        )
    for one, other in (("client_cert", "client_key"), ("client_key", "client_cert")):
        if getattr(cert, one) and not getattr(cert, other):
            yield Breach(
                (*where, "config", one),
                f"also needs {other}: the one under `vault` belongs to another pair",
            )


# --- listener ----------------------------------------------------------------------------------


def _listener(listener: model.Listener) -> Iterator[Breach]:
    if listener.type == "unix":
        if not listener.address.startswith("/"):
            yield Breach(("address",), "expected the absolute path of a socket")
        else:
            yield from _length(("address",), listener.address)
        return
    host, port = host_and_port(listener.address)
    if port is None:
        is_bare = listener.address.count(":") > 1 and "[" not in listener.address
        example = "[::1]:8099: an IPv6 address stands in brackets" if is_bare else "127.0.0.1:8099"
        yield Breach(("address",), f"expected host:port, such as {example}")
        return
    with_tls = bool(listener.tls_cert_file and listener.tls_key_file)
    if bool(listener.tls_cert_file) != bool(listener.tls_key_file):
        yield Breach((), "tls_cert_file and tls_key_file go together", ("tls_cert_file",))
    elif not (with_tls or listener.tls_disable or is_loopback(host)):
        yield Breach(
            ("address",),
            "is reachable from outside; add tls_cert_file and tls_key_file, "
            "or tls_disable: true if that is intended",
        )


_HIGHEST_PORT = 65535


def host_and_port(address: str) -> tuple[str, int | None]:
    """Split `host:port` or `[::1]:port`; the port is None if there is none."""
    host, colon, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    unbracketed_v6 = ":" in bare and bare == host
    if not colon or unbracketed_v6 or not re.fullmatch(r"[0-9]{1,5}", port):
        return bare, None
    return bare, int(port) if int(port) <= _HIGHEST_PORT else None
