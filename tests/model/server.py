"""Serves the model over HTTP, in the loop of the engine, and fails on demand.

So close together, a random history of hours takes milliseconds.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from aiohttp import web

from tests.model.rules import Call, Credential
from tests.model.vault import JSON, Model, Refused, subject

SLOW = 3.0  # seconds that a slow answer takes
NOTIFY = "/notify/"
# What a load balancer says of a server that does not answer.
GATEWAY = {"bad gateway": 502, "no backend": 503, "gateway timeout": 504, "gone": 404}
# How long things may be wrong after a fault: a deadline, the longest backoff, a probe, a moment.
SERVER_TROUBLE, PERSON_TROUBLE = 55.0, 61.0


@dataclass
class Fault:
    """What happens to the next `left` requests whose path contains `part`.

    A status; one of GATEWAY; "reset" (nothing is done), "lost" (it is done, and the answer never
    arrives), "hang", "slow", "html" (a proxy answers), "cut" (half an answer).
    """

    part: str
    kind: str
    left: int = 1


@dataclass
class Notification:
    """One notification: when, what the application saw on disk, and whether it answered well."""

    at: float
    seen: tuple[object, ...]
    texts: tuple[str, ...]
    heard: bool


class Dropped(Exception):
    """The connection goes down instead of an answer."""


@dataclass
class ModelServer:
    """Breaks where `faults` say so, and everywhere while there is an `outage`."""

    model: Model
    faults: list[Fault] = field(default_factory=list)
    outage: str = ""
    chance: Callable[[], str] = lambda: ""  # asked for a fault where there is none
    files_of: dict[str, list[Path]] = field(default_factory=dict)
    notifications: dict[str, list[Notification]] = field(default_factory=lambda: defaultdict(list))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path.startswith(NOTIFY):
                return await self._notified(request.path.removeprefix(NOTIFY))
            return await self._asked(request)
        except Dropped:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

    async def _asked(self, request: web.BaseRequest) -> web.Response:
        model, path = self.model, request.path.removeprefix("/v1/")
        raw = await request.read()
        body = json.loads(raw) if raw else {}
        what = f"{request.method} {path}"
        if "leases" in path:
            what += f" {body.get('lease_id')}"
        token = request.headers.get("X-Vault-Token", "")
        about = subject(path, body)
        of_older = path == "sys/leases/renew" and model.is_replaced(about, body)
        call = Call(model.clock.now(), what, about, token, of_older, model.is_early(about))
        model.rules.arrived(call)
        status, kind = 0, ""
        try:
            kind = self.outage or self._fault(path) or self.chance()
            response = await self._respond(kind, call, request.method, path, body)
            status = response.status
            if path == "sys/leases/revoke" and status in (400, 403, 404):
                model.given_up(body)
        finally:
            model.rules.left(
                call, status, answered=kind in ("", "slow"), by_vault=kind not in GATEWAY
            )
            if path == "sys/leases/renew" and (lease := model.newest(call.subject)):
                lease.renewal_failed = lease.renewal_failed or status != 200 or bool(kind)
                # What the engine was not notified of has not happened for it.
                refused = status in (400, 403, 404) or kind == "lost"
                lease.renewal_refused = lease.renewal_refused or refused
        return response

    async def _respond(
        self, kind: str, call: Call, method: str, path: str, body: JSON
    ) -> web.Response:
        match kind:
            case "":
                return self._truth(call, method, path, body)
            case "hang":
                await self._hang()
            case "slow":
                return await self._slowly(call, self._truth(call, method, path, body))
            case "lost":
                self._truth(call, method, path, body)
                if made := self._made(call):
                    made.lost = True
                raise Dropped
            case "reset":
                raise Dropped
            case "html":
                return self._response(200, b"<html>", "text/html")
            case "bad gateway" | "no backend" | "gateway timeout" | "gone":
                return self._response(GATEWAY[kind], b"<html>", "text/html")
            case "cut":
                return self._response(200, b'{"data": {"va')
        return self._response(int(kind), b'{"errors": ["made up"]}')

    async def _hang(self) -> None:
        with self.model.clock.hangs():
            await asyncio.Event().wait()

    async def _slowly(self, call: Call, response: web.Response) -> web.Response:
        """Decide at once, answer later; nobody may lose interest meanwhile."""
        made = self._made(call)
        if made:
            made.delivered = False
        try:
            with self.model.clock.hangs():
                await self.model.clock.sleep(SLOW)
        except asyncio.CancelledError:
            if made:
                made.lost = True
            if not self.model.rules.stopping or (made and self.model.rules.reloading):
                self.model.rules.broken(f"{call.what} was given up for somebody else's failure")
            raise
        if made:
            made.delivered = True
        return response

    def _truth(self, call: Call, method: str, path: str, body: JSON) -> web.Response:
        try:
            answer = self.model.answer(method, path, call.token, body)
        except Refused as exc:
            return self._response(exc.status, json.dumps({"errors": [str(exc)]}).encode())
        if made := self._made(call):
            made.delivered = True
        if answer is None:
            return self._response(204, b"")
        deleted = path.startswith("secret/") and answer["data"]["data"] is None
        return self._response(404 if deleted else 200, json.dumps(answer).encode())

    def _made(self, call: Call) -> Credential | None:
        """Return the credential that this request has made, if it has made one."""
        newest = self.model.newest(call.subject) if call.what.endswith(call.subject) else None
        return newest if newest is not None and newest.issued_at == call.at else None

    def _fault(self, path: str) -> str:
        for fault in self.faults:
            if fault.left and fault.part in path:
                fault.left -= 1
                person = fault.kind in ("400", "403", "404")
                self.model.trouble(PERSON_TROUBLE if person else SERVER_TROUBLE)
                return fault.kind
        return ""

    def _response(
        self, status: int, body: bytes, content_type: str = "application/json"
    ) -> web.Response:
        headers = {"Date": formatdate(self.model.clock.server_wall(), usegmt=True)}
        if status == 429:
            headers["Retry-After"] = "7"
        return web.Response(status=status, body=body, headers=headers, content_type=content_type)

    async def _notified(self, target: str) -> web.StreamResponse:
        kind = self._fault(f"notify/{target}")
        if kind not in ("", "hang", "reset"):
            kind = "500"
        if kind == "hang":
            await self._hang()
        if kind == "reset":
            raise Dropped
        seen, texts = look_at(self.files_of[target])
        self.notifications[target].append(
            Notification(self.model.clock.now(), seen, texts, heard=not kind)
        )
        return web.Response(status=int(kind or 200))


def look_at(paths: list[Path]) -> tuple[tuple[object, ...], tuple[str, ...]]:
    """Return what an application sees: which files they are, and what is in them."""
    stats = [path.stat() if path.exists() else None for path in paths]
    seen = tuple((s.st_ino, s.st_mtime_ns) if s else None for s in stats)
    return seen, tuple(path.read_text() if path.exists() else "" for path in paths)


@contextlib.asynccontextmanager
async def serving(server: ModelServer, socket: Path) -> AsyncIterator[str]:
    """Serve Vault on a unix socket; yield the base URL of the notifications."""
    low_level = web.Server(server.handle, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(low_level, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    [port] = [address[1] for address in runner.addresses if isinstance(address, tuple)]
    try:
        yield f"http://127.0.0.1:{port}{NOTIFY}"
    finally:
        await runner.cleanup()
