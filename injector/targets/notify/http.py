"""Sends a request to an application over HTTP, and judges the response."""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from injector.base import safe_open
from injector.base.context import Context
from injector.base.errors import HookError, unreachable, unreadable
from injector.config import model
from injector.targets.notify.protocol import NotifyResult

if TYPE_CHECKING:  # the import takes longer than most of what the program does without it
    import aiohttp

BODY_READ = 64 * 1024
BODY_SHOWN = 200


class NotListeningError(HookError):
    """Nothing listens there: the address refuses connections, or its name is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The response; only the beginning of the body, and only if it matters."""

    status: int
    body: bytes = field(default=b"", repr=False)
    whole: bool = True


class HttpTarget:
    """An application with an endpoint that makes it reload."""

    def __init__(self, http: model.Http, context: Context) -> None:
        self._http = http
        self._context = context

    async def notify(self, written_at: float) -> NotifyResult:  # noqa: ARG002 - its age is not to be seen
        http = self._http
        try:
            await request(http, http.method, self._context, timeout=http.timeout)
        except NotListeningError:
            return NotifyResult.ABSENT
        return NotifyResult.SENT


async def request(
    http: model.Http,
    method: str,
    context: Context,
    *,
    timeout: float,  # noqa: ASYNC109 - on the given clock, and named in the error
) -> None:
    """Send it and return if the answer is as expected; raise HookError otherwise.

    Redirects are not followed and no proxy is used: the answer has to be the application's own.
    """
    import aiohttp

    where = f"{method} {without_secrets(http.url)}"
    try:
        async with context.clock.deadline(timeout):
            answer = await _ask(http, method)
    except TimeoutError:
        raise HookError(f"{where}: no answer within {round(timeout, 1):g} s (`timeout`)") from None
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        # Not chained: aiohttp's messages can hold the whole URL, or a part of the answer.
        error = NotListeningError if _is_not_listening(exc) else HookError
        raise error(f"{where}: {_reason(exc)}") from None
    problem = judge(http, answer, context.redactor.redact)
    if problem is not None:
        raise HookError(f"{where}: {problem}")


def judge(http: model.Http, answer: Answer, redact: Callable[[str], str]) -> str | None:
    """Return what is wrong with an answer."""
    if answer.status not in http.expect:
        problem = f"answered {answer.status}, expected {' or '.join(map(str, http.expect))}"
    elif not re.search(http.body_pattern, answer.body.decode(errors="replace")):
        problem = f"answered {answer.status}, but nothing that matches {http.body_pattern!r}"
    else:
        return None
    excerpt = _excerpt(answer, redact)
    return f"{problem}: {excerpt}" if excerpt else problem


def without_secrets(url: str) -> str:
    """Remove parts that may be credentials: user information, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "its URL"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


async def _ask(http: model.Http, method: str) -> Answer:
    import aiohttp

    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_trust(http), force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
        ) as session,
        session.request(
            method,
            http.url,
            headers={"Accept-Encoding": "identity", **http.headers},
            allow_redirects=False,
        ) as response,
    ):
        if response.status in http.expect and not http.body_pattern:
            return Answer(response.status)
        return await _with_body(response)


def _trust(http: model.Http) -> ssl.SSLContext | bool:
    if urlsplit(http.url).scheme != "https":
        return True
    if not http.ca_cert:
        # The context that aiohttp has of its own trusts no authority: see `lean`.
        return ssl.create_default_context()
    try:
        with safe_open.held(http.ca_cert) as file:
            return ssl.create_default_context(cafile=file)
    except OSError as exc:
        raise HookError(
            f"cannot use the certificates in {http.ca_cert}: {unreadable(exc)}"
        ) from exc


async def _with_body(response: "aiohttp.ClientResponse") -> Answer:
    import aiohttp

    try:
        beginning = await response.content.readexactly(BODY_READ)
    except asyncio.IncompleteReadError as end:
        return Answer(response.status, end.partial)
    except aiohttp.ClientPayloadError:  # the body was cut off, but the status is known
        return Answer(response.status, whole=False)
    return Answer(response.status, beginning, whole=False)


def _excerpt(answer: Answer, redact: Callable[[str], str]) -> str:
    # What was cut could end with half a secret, which the redactor would not find.
    text = redact(answer.body.decode(errors="replace")) if answer.whole else ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= BODY_SHOWN else f"{line[:BODY_SHOWN]}…"


def _is_not_listening(exc: Exception) -> bool:
    import aiohttp

    match exc:
        case aiohttp.ClientConnectorDNSError():
            return exc.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
        case aiohttp.ClientConnectorError():
            # A name with several addresses (localhost) fails with all their errors as one text.
            refused = errno.ECONNREFUSED
            return exc.errno == refused or f"[Errno {refused}]" in str(exc.os_error)
        case _:
            return False


def _reason(exc: Exception) -> str:
    import aiohttp

    match exc:
        case aiohttp.InvalidURL():
            return "this URL cannot be used"
        case aiohttp.ClientConnectorDNSError():
            return f"its host name cannot be looked up: {exc.strerror}"
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLError() as cause):
            return f"its certificate is not trusted: {getattr(cause, 'verify_message', cause)}"
        case aiohttp.ServerDisconnectedError() | OSError(errno=errno.ECONNRESET):
            return "the connection was closed without an answer"
        case OSError():
            return unreachable(getattr(exc, "os_error", exc))
        case _:
            return f"this is no HTTP answer ({type(exc).__name__})"
