"""What an agent's listener forwards to Vault, with which token, and what it does not disclose."""

import asyncio
import contextlib
import json
import os
import socket

import aiohttp
import hvac
import pytest

from injector.dev.bao import free_port
from injector.dialects.vault_agent import bodies
from injector.runtime.listeners import listeners
from injector.runtime.plan import plan
from injector.runtime.services import alongside
from injector.status.connection_limit import MOST
from injector.status.sockets import Sockets
from tests.support.engine import engine
from tests.support.fakes import LIMIT

SECRET = "canary-7f3a-value"


@pytest.fixture
def agent(app, proxy, clock, tmp_path):
    """Run an agent with a login, a sink, a listener and more options."""

    @contextlib.asynccontextmanager
    async def started(more, *, listener="", host="127.0.0.1", vault=proxy.address):
        port = free_port()
        address = f"127.0.0.1:{port}"
        file = tmp_path / "agent.hcl"
        file.write_text(
            f"""
            vault {{ address = "{vault}" }}
            auto_auth {{
              method "approle" {{
                config = {{
                  role_id_file_path = "{app.role_id}"
                  secret_id_file_path = "{app.secret_id}"
                  remove_secret_id_file_after_reading = false
                }}
              }}
              sink "file" {{ config = {{ path = "{tmp_path}/token" }} }}
            }}
            listener "tcp" {{
              address = "{host}:{port}"
              tls_disable = true
              {listener}
            }}
            {more}
            """
        )
        quitting, over = asyncio.Event(), asyncio.Event()
        async with engine(plan(str(file), {}), clock) as running, asyncio.TaskGroup() as group:
            sockets = Sockets()
            sockets.open(running.assembly.loaded.config.listener)
            (server,) = listeners(running.assembly, running.state, sockets, stop=quitting.set)
            group.create_task(alongside([server], over.wait()))
            await running.log_has("listening")
            async with aiohttp.ClientSession(f"http://{address}") as session:
                held = running.assembly.tokens.held
                yield Client(session, held.value if held else "", quitting)
            over.set()
            sockets.close()
        assert SECRET not in running.log
        assert held is None or held.value not in running.log

    return started


class Client:
    """Sends single requests to the agent, and knows its token."""

    def __init__(self, session, token, quitting):
        self.session, self.token, self.quitting = session, token, quitting

    async def __call__(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, path, json=body, headers=named) as answer:
            content = await answer.text()
        return answer.status, json.loads(content) if content[:1] == "{" else content

    async def raw(self, *lines):
        """Send these lines verbatim: a client library would normalize them."""
        url = self.session._base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def status(self, *args, **headers):
        return (await self(*args, **headers))[0]


GIVES = "api_proxy { use_auto_auth_token = true }"


async def test_requests_without_a_token_get_that_of_the_login(app, agent):
    app.put("db", password=SECRET)
    async with agent(GIVES) as ask:
        status, answer = await ask("GET", f"/v1/{app.path('db')}")

        assert status == 200
        assert answer["data"]["data"] == {"password": SECRET}
        assert await ask.status("GET", "/v1/sys/mounts") == 403  # the same permissions as the role


async def test_requests_with_a_token_keep_it_unless_ours_is_forced(app, agent):
    app.put("db", password=SECRET)
    path = f"/v1/{app.path('db')}"
    async with agent(GIVES) as ask:
        assert await ask.status("GET", "/v1/sys/mounts", X_Vault_Token=app.admin.token) == 200
        assert (
            await ask.status("GET", "/v1/sys/mounts", Authorization=f"Bearer {app.admin.token}")
            == 200
        )
        assert await ask.status("GET", path, X_Vault_Token="s.wrong") == 403
    async with agent('cache { use_auto_auth_token = "force" }') as ask:
        assert await ask.status("GET", "/v1/sys/mounts", X_Vault_Token=app.admin.token) == 403
        assert await ask.status("GET", path, X_Vault_Token="s.wrong") == 200


async def test_without_use_auto_auth_token_only_the_tokens_of_clients_are_used(app, agent):
    async with agent("cache {}") as ask:
        assert await ask.status("GET", "/v1/auth/token/lookup-self") in (400, 403)
        assert await ask.status("GET", "/v1/auth/token/lookup-self", X_Vault_Token=ask.token) == 200


async def test_clients_can_use_the_token_but_not_see_it(app, agent):
    async with agent(GIVES) as ask:
        for method, path, body in (
            ("GET", "/v1/auth/token/lookup-self", None),
            ("POST", "/v1/auth/token/renew-self", {}),
        ):
            status, answer = await ask(method, path, body)

            assert status == 200
            assert ask.token not in json.dumps(answer)
            assert "accessor" not in {**(answer.get("data") or {}), **(answer.get("auth") or {})}


@pytest.mark.parametrize(
    "path",
    [
        "/v1//auth/token/lookup-self",
        "/v1/auth/./token/lookup-self?a=b",
        "/v1/x/../auth%2Ftoken/lookup-self",
    ],
)
async def test_nor_by_another_spelling_of_the_path(agent, path):
    async with agent(GIVES) as ask:
        answer = await ask.raw(f"GET {path} HTTP/1.1", "Host: localhost")

        assert b" 200 OK" in answer
        assert b'"policies"' in answer
        assert ask.token.encode() not in answer


async def test_nor_wrapped(agent):
    async with agent(GIVES) as ask:
        for path in ("/v1/auth/token/lookup-self", "/v1/ns//auth/token/lookup-self"):
            status, answer = await ask("GET", path, X_Vault_Wrap_TTL="60s")

            assert (status, "not disclosed" in answer["errors"][0]) == (403, True)


async def test_nor_does_another_host_in_a_request_get_it(app, agent):
    """A target that is not a path would extend Vault's host name: vault.example + evil.test://."""
    async with agent(GIVES) as ask:
        for target in ("evil.test://x/v1/sys/health", "http://evil.test/v1/sys/health"):
            answer = await ask.raw(f"GET {target} HTTP/1.1", "Host: evil.test")

            assert b"400 Bad Request" in answer
            assert b"not a proxy to other hosts" in answer


async def test_bodies_namespaces_queries_and_errors_go_through_unchanged(app, agent):
    async with agent(GIVES) as ask:
        written = await ask("POST", f"/v1/{app.path('new')}", {"data": {"a": "ä" * 100_000}})
        assert written[0] == 200
        read = await ask("GET", f"/v1/{app.path('new')}?version=1")
        assert read[1]["data"]["data"] == {"a": "ä" * 100_000}
        missing = await ask("GET", f"/v1/{app.path('none')}")
        assert (missing[0], missing[1]["errors"]) == (404, [])
        elsewhere = await ask(
            "GET", f"/v1/{app.path('new')}", X_Vault_Namespace="no-such-namespace"
        )
        assert elsewhere[0] in (403, 404)


async def test_a_client_library_works_through_it_even_with_the_list_verb(app, agent):
    app.put("db", password=SECRET)
    app.allow(f"secret/data/{app.name}/*")
    app.admin.sys.create_or_update_policy(
        app.name,
        f'path "secret/data/{app.name}/*" {{ capabilities = ["read"] }}\n'
        f'path "secret/metadata/{app.name}/*" {{ capabilities = ["list"] }}\n',
    )
    # Not by the proxy: its parser does not know LIST.
    async with agent(GIVES, vault=app.bao.address) as ask:
        versions = hvac.Client(str(ask.session._base_url), token="").secrets.kv.v2

        read = await asyncio.to_thread(
            versions.read_secret_version, f"{app.name}/db", raise_on_deleted_version=True
        )
        listed = await asyncio.to_thread(versions.list_secrets, app.name)

        assert read["data"]["data"] == {"password": SECRET}
        assert listed["data"]["keys"] == ["db"]


async def test_other_servers_in_the_process_keep_their_parser(agent, proxy):
    """aiohttp's, in C, is the faster one, and refuses LIST."""
    async with agent(GIVES) as ask, ask.session.request("LIST", proxy.address) as refused:
        assert refused.status == 400


async def test_our_own_paths_are_answered_here(app, agent):
    async with agent(GIVES, listener="agent_api { enable_quit = true }") as ask:
        assert await ask("GET", "/readyz") == (200, "ok\n")
        assert "injector_vault_requests_total" in (await ask("GET", "/agent/v1/metrics"))[1]
        assert await ask.status("POST", "/agent/v1/cache-clear") == 404
        assert await ask.status("POST", "/agent/v1/quit") == 200


async def test_a_listener_for_metrics_forwards_nothing(app, agent):
    async with agent(GIVES, listener='role = "metrics_only"') as ask:
        assert await ask.status("GET", "/v1/sys/health") == 404
        assert await ask.status("GET", "/metrics") == 200


async def test_a_header_that_web_forms_cannot_send_can_be_required(app, agent):
    async with agent(GIVES, listener="require_request_header = true") as ask:
        assert await ask.status("GET", "/v1/sys/health") == 412
        assert await ask.status("POST", "/quit") == 412
        assert await ask.status("GET", "/v1/sys/health", X_Vault_Request="true") == 200


async def test_forwarded_data_is_not_in_log_status_or_metrics(app, agent, proxy):
    app.put("db", password=SECRET)
    lease = f"database/creds/app/{SECRET}"
    async with agent(GIVES) as ask:
        await ask("GET", f"/v1/{app.path('db')}")
        await ask("POST", f"/v1/{app.path('db')}", {"data": {"password": SECRET}})
        await ask("PUT", f"/v1/sys/leases/revoke/{lease}?sync={SECRET}", X_Vault_Token=SECRET)
        proxy.only, proxy.script = "lookup", ["reset"]
        await ask("GET", f"/v1/auth/token/lookup/{SECRET}", Authorization=f"Bearer {SECRET}")

        for page in ("/", "/status", "/metrics", "/readyz"):
            status, text = await ask("GET", page)
            assert status == 200
            assert SECRET not in json.dumps(text)
            assert ask.token not in json.dumps(text)  # the fixture checks the log


@pytest.mark.parametrize(
    "header", ["Origin: http://evil.test", "Sec-Fetch-Site: cross-site", "Host: evil.test:8200"]
)
async def test_a_page_in_a_browser_does_not_get_the_token_of_the_login(app, agent, header):
    """The host name of the last page now resolves to this machine, so we are its own server."""
    app.put("db", password=SECRET)
    request = f"GET /v1/{app.path('db')} HTTP/1.1"
    host = () if header.startswith("Host") else ("Host: localhost",)
    async with agent(GIVES) as ask:
        assert b" 403 Forbidden" in await ask.raw(request, *host, header)
        with_its_own = (*host, header, f"X-Vault-Token: {app.admin.token}")
        assert b" 200 OK" in await ask.raw(request, *with_its_own)
        for own in ("Host: 127.0.0.1:8200", "Host: localhost:99999", "Host: [::1]:8200"):
            assert b" 200 OK" in await ask.raw(request, own)


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="this machine has no IPv6")
async def test_nor_if_the_listener_is_for_both_versions_of_ip(agent):
    """The kernel then calls this machine ::ffff:127.0.0.1."""
    async with agent(GIVES, host="[::]") as ask:
        for host, status in (("evil.test", b" 403 Forbidden"), ("localhost", b" 200 OK")):
            answer = await ask.raw("GET /v1/auth/token/lookup-self HTTP/1.1", f"Host: {host}")
            assert status in answer


@pytest.mark.parametrize(
    ("version", "host"), [("HTTP/1.1", ["Host: [::1"]), ("HTTP/1.0", [])], ids=["broken", "none"]
)
async def test_a_request_without_a_valid_host_does_not_get_it_either(
    agent, monkeypatch, version, host
):
    """Nor is a name server asked who we are, which could take seconds."""
    monkeypatch.setattr(socket, "getfqdn", lambda: "localhost")
    async with agent(GIVES) as ask:
        answer = await ask.raw(f"GET /v1/auth/token/lookup-self {version}", *host)

        assert b" 403 Forbidden" in answer


async def test_a_server_that_does_not_answer_is_a_502_that_says_so(agent, proxy):
    async with agent(GIVES) as ask:
        proxy.only, proxy.script = "sys/health", ["reset"]

        status, answer = await ask("GET", "/v1/sys/health")

        assert status == 502
        assert "cannot reach http://127.0.0.1" in answer["errors"][0]


async def test_requests_that_never_end_take_no_more_connections_than_others(agent):
    async with agent(GIVES) as client, contextlib.AsyncExitStack() as closing:
        url = client.session._base_url
        slow = [await asyncio.open_connection(url.host, url.port) for _ in range(MOST)]
        for reader, writer in slow:
            closing.callback(writer.close)
            writer.write(
                b"PUT /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
            )
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")

        assert await client.status("GET", "/livez") == 200
        async with asyncio.timeout(LIMIT):
            assert await slow[0][0].read() == b""  # the oldest made room


async def test_the_bodies_of_all_clients_together_are_bounded(app, agent, monkeypatch):
    """Each of them may be large, and none ever ends: only the first ones are state."""
    monkeypatch.setattr(bodies, "MOST", 3 * 2**20)
    app.allow(f"secret/data/{app.name}/*")
    async with agent(GIVES) as client, contextlib.AsyncExitStack() as closing:
        url = client.session._base_url
        unfinished = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection(url.host, url.port)
            closing.callback(writer.close)
            head = f"PUT /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2**21}\r\n\r\n"
            writer.write(head.encode() + bytes(2**20))
            await asyncio.wait_for(writer.drain(), LIMIT)
            unfinished.append(reader)
        async with asyncio.timeout(LIMIT):
            answers = [asyncio.create_task(each.readline()) for each in unfinished]
            done, waiting = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)

        assert {task.result() for task in done} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
        assert len(waiting) == 3
        for task in waiting:
            task.cancel()
        small, path = {"data": {"a": "b"}}, f"/v1/{app.path('db')}"
        assert await client.status("PUT", path, small) == 200
        large = {"data": {"a": "b" * 500_000}}
        refused = await client("PUT", path, large)
        why = "too many large requests at the same time: try again later"
        assert refused == (503, {"errors": [why]})
        await closing.aclose()  # and with them goes what they held
        async with asyncio.timeout(LIMIT):
            while await client.status("PUT", path, large) != 200:
                pass


async def test_a_body_that_breaks_off_leaves_no_traceback(agent, caplog):
    async with agent(GIVES) as client:
        url = client.session._base_url
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"PUT /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n123")
        await writer.drain()
        assert await client.status("GET", "/livez") == 200
        writer.close()
        await writer.wait_closed()
        assert await client.status("GET", "/livez", Connection="close") == 200
    assert caplog.messages == []


async def test_before_the_login_has_succeeded_a_503_says_so(agent, proxy, app):
    app.secret_id.write_text("wrong")
    async with agent(GIVES) as ask:
        assert await ask("GET", "/v1/sys/mounts") == (
            503,
            {"errors": ["there is no token yet: the login has not succeeded"]},
        )
