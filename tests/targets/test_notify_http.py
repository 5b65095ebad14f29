"""HTTP notifications and verification: a real server, and its absence."""

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from subprocess import run

import pytest
import trustme
from aiohttp import web

from injector.base.clock import SystemClock, Wakeup
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify import NotifyResult, application_of
from injector.targets.notify.verify import verify
from tests.support.fakes import context

SECRET = "canary-4711-value"


class HastyClock(SystemClock):
    """A second passes in a twentieth."""

    def now(self) -> float:
        return super().now() * 20

    async def sleep(self, seconds: float, wakeup: Wakeup | None = None) -> bool:
        return await super().sleep(seconds / 20, wakeup)

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return super().deadline(seconds / 20)


class Server:
    """Answers every request with `status` and `body`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.headers: dict[str, str] = {}
        self.requests: list[web.Request] = []
        self.hang = False
        self.address = ""
        self.third_request = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if len(self.requests) == 3:
            self.third_request.set()
        if self.hang:
            await asyncio.Event().wait()
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Server"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.address = f"127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as server:
        yield server


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def tell(url: str, clock: SystemClock | None = None, **options) -> NotifyResult:
    notify = model.Notify(http=model.Http(url=url, **options))
    made = application_of("web", notify, context(clock or SystemClock(), secrets=[SECRET]))
    return await made.notify(0.0)


async def failure(url: str, **options) -> str:
    with pytest.raises(HookError) as caught:
        await tell(url, **options)
    assert SECRET not in str(caught.value)
    return str(caught.value)


# --- notifying -----------------------------------------------------------------------------------


async def test_the_endpoint_gets_the_request_as_configured(server):
    url = f"http://{server.address}/-/reload?now=1"

    assert await tell(url, method="PUT", headers={"X-Reload": "yes"}) is NotifyResult.SENT

    (request,) = server.requests
    assert (request.method, request.path_qs) == ("PUT", "/-/reload?now=1")
    assert request.headers["X-Reload"] == "yes"


async def test_an_unexpected_status_is_a_failure_that_shows_no_value(server):
    server.status, server.body = 500, f"no\n{SECRET}".encode()

    # pragma: allowlist nextline secret
    text = await failure(f"http://user:pw@{server.address}/reload?token=abc")

    assert text == (
        f"hook 'web': POST http://{server.address}/reload: answered 500, "
        "expected 200 or 202 or 204: no [redacted: secret]"
    )


async def test_a_redirect_is_an_answer_and_not_followed(server):
    server.status, server.headers = 302, {"Location": "/elsewhere"}

    assert "answered 302" in await failure(f"http://{server.address}/")
    assert len(server.requests) == 1


async def test_the_body_is_checked_if_a_pattern_is_set(server):
    server.body = b'{"reloaded": true}'

    assert await tell(f"http://{server.address}/", body_pattern='d": true') is NotifyResult.SENT
    text = await failure(f"http://{server.address}/", body_pattern="false")

    assert "nothing that matches 'false'" in text


async def test_a_body_without_end_is_not_read_to_its_end(server):
    server.status, server.body = 500, SECRET.encode() * 10_000

    text = await failure(f"http://{server.address}/")

    assert text.endswith("expected 200 or 202 or 204")


async def test_no_proxy_of_the_environment_is_used(server, monkeypatch, free_port):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")

    assert await tell(f"http://{server.address}/") is NotifyResult.SENT


async def test_an_application_that_does_not_listen_is_absent(free_port):
    assert await tell(f"http://127.0.0.1:{free_port}/") is NotifyResult.ABSENT
    assert await tell(f"http://localhost:{free_port}/") is NotifyResult.ABSENT


async def test_every_address_of_a_name_is_tried_and_one_that_refuses_is_enough(
    monkeypatch, free_port
):
    # As localhost in a container without IPv6; nobody can connect to a multicast address.
    unreachable = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("ff02::1", free_port, 0, 0))
    refusing = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", free_port))
    found = [unreachable, refusing]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert await tell(f"http://two-addresses:{free_port}/") is NotifyResult.ABSENT


async def test_an_unknown_name_is_absent_but_a_failing_name_service_is_a_failure(
    monkeypatch,
):
    def lookup(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert await tell("http://app:1/") is NotifyResult.ABSENT
    error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    assert "cannot be looked up: Temporary failure" in await failure("http://app:1/")


async def test_an_answer_that_does_not_come_is_a_failure(server):
    server.hang = True

    text = await failure(f"http://{server.address}/?{SECRET}", timeout=5, clock=HastyClock())

    assert "no answer within 5 s" in text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed without an answer"),
        (f"{SECRET} nonsense\r\n\r\n".encode(), "this is no HTTP answer"),
    ],
)
async def test_an_invalid_answer_is_a_failure(answer, reason):
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]

        assert reason in await failure(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("url", [f"ftp://x/?{SECRET}", f"http://[{SECRET}", "nothing"])
async def test_a_url_that_cannot_be_used_is_a_failure(url):
    await failure(url)


async def test_a_header_that_cannot_be_sent_is_a_failure(server):
    await failure(f"http://{server.address}/", headers={"X": f"{SECRET}\r\n"})


async def test_an_endpoint_with_tls_must_be_trusted(tmp_path, monkeypatch):
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async with Server().running(context) as server:
        url = f"https://localhost:{server.address.rpartition(':')[2]}/"

        assert await tell(url, ca_cert=str(tmp_path / "ca.pem")) is NotifyResult.SENT
        assert "its certificate is not trusted" in await failure(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))  # the system's
        assert await tell(url) is NotifyResult.SENT
        assert "cannot use the certificates" in await failure(url, ca_cert=str(tmp_path / "no"))


async def test_nothing_stays_open():
    before = descriptors()

    async with Server().running() as server:
        for _ in range(5):
            await tell(f"http://{server.address}/")

    assert descriptors() == before


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_client_is_loaded_only_when_it_is_used():
    code = "import sys, injector.targets.notify; print('aiohttp' in sys.modules)"
    root = Path(__file__).parents[2]

    done = run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


# --- verifying -----------------------------------------------------------------------------------


async def confirm(**options) -> None:
    check = model.Verify(**options)
    made = context(HastyClock(), secrets=[SECRET], environ=os.environ)
    await verify(check, made, overtaken=lambda: False)


async def test_an_application_that_recovers_in_time_is_confirmed(server):
    server.status = 503
    health = model.Http(url=f"http://{server.address}/", timeout=100)
    checking = asyncio.create_task(confirm(http=health, timeout=200))
    async with asyncio.timeout(5):
        await server.third_request.wait()

    server.status = 200

    await checking
    assert {request.method for request in server.requests} == {"GET"}


async def test_an_application_that_does_not_recover_is_not_confirmed(server):
    server.status = 503

    with pytest.raises(HookError, match=r"^not confirmed within 3 s: GET http.*answered 503"):
        await confirm(http=model.Http(url=f"http://{server.address}/"), timeout=3)

    assert 3 <= len(server.requests) <= 7


async def test_a_check_that_hangs_ends_in_time(server):
    server.hang = True

    with pytest.raises(HookError, match=r"not confirmed within 3 s: GET .*: no answer within 3 s"):
        await confirm(http=model.Http(url=f"http://{server.address}/"), timeout=3)
    with pytest.raises(
        HookError, match="not confirmed within 3 s: `sleep 1000` did not end within 3 s"
    ):
        await confirm(command=("sleep", "1000"), timeout=3)


async def test_a_port_is_confirmed_once_it_accepts(server, free_port):
    await confirm(tcp=server.address, timeout=200)

    with pytest.raises(HookError, match=f"no connection to 127.0.0.1:{free_port}: Connection ref"):
        await confirm(tcp=f"127.0.0.1:{free_port}", timeout=1)
    with pytest.raises(HookError, match="no connection to x:y: Port could not be cast"):
        await confirm(tcp="x:y", timeout=1)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full: another one is not answered at all."""
    with socket.socket() as listening, contextlib.ExitStack() as clients:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(2):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


async def test_a_port_that_does_not_answer_is_not_confirmed(silent_port):
    with pytest.raises(HookError, match=rf"no connection to 127\.0\.0\.1:{silent_port} within 3 s"):
        await confirm(tcp=f"127.0.0.1:{silent_port}", timeout=3)


async def test_a_command_is_repeated_until_it_succeeds(tmp_path):
    script = f"mkdir {tmp_path}/once 2>/dev/null && exit 1; exit 0"

    await confirm(command=("sh", "-c", script), timeout=200)

    with pytest.raises(HookError, match="not confirmed within 1 s: `false` exited with 1"):
        await confirm(command=("false",), timeout=1)
