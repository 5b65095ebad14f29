"""Sends requests with a token and a namespace, and gives refusals a class the caller can act on.

It is also what hvac's API methods are given to send with (`api`): they return what `get`, `post`
and `put` return, so coroutines here make them awaitable. hvac's own error translation is not used:
it loses the status of 307, 412, 472, 473 and 504, and puts response bodies into exceptions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partialmethod
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import msgspec

from injector.base.errors import (
    AuthError,
    DeniedError,
    InjectorError,
    MissingError,
    TransientError,
    Unreachable,
)
from injector.base.redactor import QUOTED
from injector.sources.vault.transport import Reply, Request, Transport

OK = range(200, 300)
STALE = 412  # the node has not seen the write that the token depends on
RATE_LIMITED = 429
DR_SECONDARY, PERFORMANCE_STANDBY = 472, 473
SEALED = 503
# The token and the probe do not queue behind any number of secrets.
AHEAD = ("/v1/auth/", "/v1/sys/health", "/v1/sys/wrapping/")
SERVER_ERRORS = 500  # this and all above are the server's own
MOST_ERRORS = 10  # so many of one refusal are quoted
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504  # said by a gateway that asked Vault for us
# No request is served: Vault says so, or a gateway that cannot reach it.
NOT_SERVING = (DR_SECONDARY, PERFORMANCE_STANDBY, SEALED, BAD_GATEWAY, GATEWAY_TIMEOUT)
TO_US = (408, STALE, RATE_LIMITED)  # true of a proxy's answer too: the request can be repeated
LONGEST_WAIT = 300.0  # seconds that a Retry-After is obeyed for
OPERATIONS = {
    "auth/token/renew-self": "renew",
    "sys/leases/renew": "renew",
    "auth/token/lookup-self": "lookup",
    "sys/wrapping/lookup": "lookup",
    "auth/token/revoke-self": "revoke",
    "sys/leases/revoke": "revoke",
    "sys/health": "health",
    "sys/wrapping/unwrap": "unwrap",
    "sys/wrapping/wrap": "wrap",
}


class Stale(TransientError):
    """412: eventual consistency; the same request succeeds a moment later."""


class Intercepted(Unreachable):
    """Something in between refuses the request: Vault did not get it, or has refused it too."""


class InvalidRequest(DeniedError):
    """400: Vault understood, and will not do it (an unknown role, a lease that is gone)."""


class Adapter:
    """One token and one namespace on a shared transport; never changed after it is made."""

    def __init__(self, transport: Transport, *, token: str, namespace: str) -> None:
        self.transport = transport
        headers = {"X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        self._headers = headers

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        **_: object,  # what hvac's methods pass and nobody here asks for
    ) -> dict[str, Any]:
        """Send, and return the answer's JSON ({} for none); raises an InjectorError.

        `sent` and `date` are added: when it was asked on our clock, and answered on the server's.
        """
        path, question, query = url.partition("?")
        target = quote(path) + question + query
        if params:
            target += f"?{urlencode(params)}"
        operation = _operation(method, path)
        request = Request(
            method.upper(),
            target,
            operation,
            {**self._headers, **headers} if headers else self._headers,
            None if json is None else msgspec.json.encode(json),
        )
        reply = await self.transport.send(
            request, in_turn=not path.startswith(AHEAD), within=within
        )
        if _is_without_data(reply):
            raise InKV2(f"{operation} {path.removeprefix('/v1/')}: nothing is there")
        deleted = reply.status == 404 and reply.says("data")  # noqa: PLR2004 - KV v2's way to say so
        if reply.status not in OK and not deleted:
            self._raise(reply, f"{operation} {path.removeprefix('/v1/')}")
        answer = {} if reply.status == 204 else reply.json()  # noqa: PLR2004 - No Content
        answer["sent"] = reply.sent
        # The server's other timestamps mean something only relative to its own clock.
        answer["date"] = reply.headers.get("Date", "")
        return answer

    get = partialmethod(request, "get")
    post = partialmethod(request, "post")
    put = partialmethod(request, "put")

    def _raise(self, reply: Reply, action: str) -> NoReturn:
        """Sort a refusal. Only Vault's own, which always has `errors`, is believed.

        A load balancer that has lost its backend says 502, 503 or 504, or even 403 or 404, and
        knows nothing of our token, our secret or its policy.
        """
        said = _errors(reply)
        if said is None and reply.status not in TO_US:
            words = (
                f"{action}: a proxy or load balancer answered {reply.status} in words that are not "
                "Vault's own; is Vault running behind it, and is the path let through?"
            )
            if reply.status >= SERVER_ERRORS:
                raise Unreachable(words)
            raise Intercepted(words, undone=True)
        raise error_for(
            reply.status,
            f"{action}: {_words(reply.status, said or (), self.transport.redact)}",
            retry_after=reply.headers.get("Retry-After"),
            # A gateway that gave up does not know what Vault did, even if it has Vault's words.
            undone=said is not None and reply.status not in (BAD_GATEWAY, GATEWAY_TIMEOUT),
        )


def _operation(method: str, path: str) -> str:
    """Name a request for the metrics."""
    if path.startswith("/v1/auth/") and path.endswith("/login"):
        return "login"
    default = "read" if method == "get" else "write"
    return OPERATIONS.get(path.removeprefix("/v1/"), default)


class NotThere(MissingError):
    """404: nothing is at this path, and nothing was done."""

    undone = True


class InKV2(NotThere):
    """404, and Vault has said why: a path in KV version 2 needs `data/`."""


BY_STATUS: dict[int, type[InjectorError]] = {
    400: InvalidRequest,
    401: AuthError,
    404: NotThere,
}


def error_for(
    status: int, message: str, *, retry_after: str | None = None, undone: bool = False
) -> InjectorError:
    """Sort a refusal by what the caller can do about it."""
    if status == STALE:
        return Stale(message, undone=undone)
    if status in NOT_SERVING:  # the probe tells when it is over
        return Unreachable(message, undone=undone)
    if status in TO_US or status >= SERVER_ERRORS:
        return TransientError(message, retry_after=_seconds(retry_after), undone=undone)
    return BY_STATUS.get(status, DeniedError)(message)


# What Vault's terse refusals mean to the person who has to act.
MEANINGS = {
    403: "permission denied",
    404: "nothing is there",
    405: "this path does not serve that (405)",
    412: "this node has not caught up yet",
    429: "rate limited (429), or a standby that does not serve requests",
    472: "a disaster-recovery secondary does not serve requests (472)",
    473: "a performance standby does not serve this request (473)",
    503: "Vault is sealed, or no node is active (503)",
}
# What that person can do, where neither the server's words nor the caller say it.
ADVICE = {
    405: "is the path right, or does it need parameters, as pki/issue/ROLE does?",
    429: "raise the rate limit quota, or make fewer requests",
    472: "set `vault.address` to the primary",
    473: "set `vault.address` to the active node or a load balancer",
    503: "unseal it, or look at its log",
}
SERVER_FAULT = "look at Vault's log"
_LIST = re.compile(r"\d+ errors? occurred: \* ")


def _errors(reply: Reply) -> Sequence[object] | None:
    """Return Vault's own words, which it always has for a refusal; None if these are another's."""
    if not reply.says("errors"):
        return None
    errors = reply.json()["errors"]
    return errors if isinstance(errors, list) else ()


def _is_without_data(reply: Reply) -> bool:
    """Return whether Vault warns of a path in KV version 2 that has no `data/`."""
    if reply.status != 404 or not reply.says("warnings"):  # noqa: PLR2004 - Not Found
        return False
    warnings = reply.json()["warnings"]
    return isinstance(warnings, list) and any("versioned K/V" in str(each) for each in warnings)


def _words(status: int, errors: Sequence[object], redact: Callable[[str], str]) -> str:
    """Return the meaning of the status and the server's own words, never the whole body.

    They are redacted here, before an error holds them: what was sent is known now for sure.
    """
    meaning = MEANINGS.get(status, f"Vault answered {status}")
    said = "; ".join(_plain(redact(str(error))) for error in errors[:MOST_ERRORS])
    if len(said) > QUOTED:
        said = f"{said[:QUOTED]}…"
    words = f"{meaning} ({said})" if said and said not in meaning else meaning
    advice = ADVICE.get(status, SERVER_FAULT if status >= SERVER_ERRORS else "")
    return f"{words}; {advice}" if advice else words


def _plain(error: str) -> str:
    """Return Vault's words on one line, without the frame that Go's lists of errors have."""
    words = " ".join(error.split())
    listed = _LIST.match(words)
    return words[listed.end() :].replace(" * ", "; ") if listed else words


def _seconds(retry_after: str | None) -> float | None:
    """Return how long the server asks to wait; one that asks for hours is asked again sooner."""
    if not retry_after or not retry_after.isdecimal():
        return None
    return min(float(retry_after), LONGEST_WAIT)
