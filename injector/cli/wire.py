"""One request and its answer over a socket, in HTTP/1.0: the other side ends it by closing.

Probes run every few seconds, and are little else than their imports. http.client, which imports
the email package, would be a third of a probe. So would TLS, which few listeners have.
"""

import socket
from typing import TYPE_CHECKING, NamedTuple

from injector.base.errors import ConfigError, unreadable

if TYPE_CHECKING:
    import ssl

HTTP, HTTPS = 80, 443


class Reply(NamedTuple):
    """A status code and a body."""

    status: int
    body: bytes


class NotHttp(OSError):
    """Something answers, but not as a web server does."""


def exchange(connection: socket.socket, method: str, path: str) -> Reply:
    """Send a request without a body; raises OSError, and NotHttp for an answer that is none."""
    request = f"{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    connection.sendall(request.encode())
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    protocol, _, status = first.partition(" ")
    if not protocol.startswith("HTTP/") or not status[:3].isdecimal():
        raise NotHttp("its answer is not HTTP" if answer else "it closed the connection")
    for header in headers:
        name, _, value = header.partition(":")
        if name.lower() == "content-length" and value.strip() != str(len(body)):
            raise NotHttp("its answer is incomplete")
    return Reply(int(status[:3]), body)


def connect(url: str, certificate: str, timeout: float) -> socket.socket:
    """Return a connection to unix:///path, http://host:port or https://host:port.

    Raises OSError if nothing is there, and ConfigError for any other kind of address, or for a
    certificate that is not trusted.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = ("unix", url) if url.startswith("/") else ("http", url)
    match scheme:
        case "unix":
            return _by_unix(rest, timeout)
        case "http":
            return socket.create_connection(_host_and_port(url, rest, HTTP), timeout)
        case "https":
            host, port = _host_and_port(url, rest, HTTPS)
            trust = _trust(certificate)
            return _secured(socket.create_connection((host, port), timeout), trust, host, url)
    raise ConfigError(f"{url!r} is not unix:///path, http://host:port or https://host:port")


def _by_unix(path: str, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _host_and_port(url: str, rest: str, default: int) -> tuple[str, int]:
    from urllib.parse import urlsplit  # a socket does without

    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port or default
    except ValueError as exc:
        raise ConfigError(f"{url!r}: {exc}; write http://host:port") from exc
    return parts.hostname or "localhost", port


def _secured(
    connection: socket.socket, trust: "ssl.SSLContext", host: str, url: str
) -> socket.socket:
    import ssl  # only for https

    try:
        return trust.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as exc:
        raise ConfigError(
            f"the certificate at {url} is not trusted: {exc.verify_message}; name the "
            "injector's configuration with -c, or its authority with SSL_CERT_FILE"
        ) from exc
    finally:  # wrap_socket has taken it over, or it is of no use
        connection.close()


def _trust(certificate: str) -> "ssl.SSLContext":
    """Trust the listener's own certificate, whatever its name, or else the system's CAs."""
    import ssl

    from injector.base import safe_open

    if not certificate:
        return ssl.create_default_context()
    try:
        with safe_open.held(certificate) as file:
            context = ssl.create_default_context(cafile=file)
    except OSError as exc:
        raise ConfigError(f"cannot read the listener's {certificate}: {unreadable(exc)}") from exc
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False  # it is reached by an address of this machine
    return context
