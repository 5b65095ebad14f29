"""The client against the real server, through a proxy that fails on demand."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from injector.base.errors import (
    AuthError,
    DeniedError,
    InjectorError,
    MissingError,
    TransientError,
    Unreachable,
)
from injector.base.metrics import Metrics
from injector.config import model
from injector.secret import Kind
from injector.sources.vault import Token, Transport, Vault
from injector.sources.vault.ref import VaultRef
from injector.sources.vault.transport import Request
from tests.support.proxy import Gate


@pytest.fixture
async def vault(proxy, clock):
    transport = Transport(
        model.Vault(address=proxy.address),
        connections=10,
        clock=clock,
        metrics=Metrics(),
        redact=str,
    )
    yield Vault(transport, clock)
    await transport.reconnect()


@pytest.fixture
async def token(vault, app) -> Token:
    body = {"role_id": app.role_id.read_text(), "secret_id": app.secret_id.read_text().strip()}
    return await vault.log_in("auth/approle", body)


async def test_a_login_says_how_long_the_token_lives(token, clock):
    assert token.duration == 3600
    assert token.renewable
    assert token.expires_at == clock.now() + 3600


async def test_a_ttl_begins_when_its_request_was_sent(vault, token, app, proxy, clock):
    """An answer that takes ten seconds has ten seconds less to live: too early beats too late."""
    app.put("db", password="one")
    body = {"role_id": app.role_id.read_text(), "secret_id": app.secret_id.read_text().strip()}
    gate = Gate(proxy, "")
    sent = clock.now()

    async with asyncio.TaskGroup() as group:
        login = group.create_task(vault.log_in("auth/approle", body))
        renewal = group.create_task(vault.renew_self(token))
        read = group.create_task(vault.fetch(VaultRef.of(app.path("db")), token))
        await gate.reached.wait()
        await clock.advance(10, settle=False)
        gate.open.set()

    _, life = read.result()
    assert [login.result().granted_at, renewal.result().granted_at, life.granted_at] == [sent] * 3


async def test_kv_version_2_is_read_to_its_data_and_version(vault, token, app):
    app.put("db", password="one")
    app.put("db", password="two")

    answer, life = await vault.fetch(VaultRef.of(app.path("db")), token)

    assert answer.data == {"password": "two"}
    assert answer.version == "2"
    assert life.kind is Kind.STATIC


async def test_a_version_can_be_pinned(vault, token, app):
    app.put("db", password="one")
    app.put("db", password="two")

    answer, _ = await vault.fetch(VaultRef.of(app.path("db") + "?version=1"), token)

    assert answer.data == {"password": "one"}


async def test_kv_version_1_is_static_whatever_lease_duration_it_claims(vault, token, app):
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"{app.name}/db", secret={"password": "one"}, mount_point="kv1"
    )

    answer, life = await vault.fetch(VaultRef.of(f"kv1/{app.name}/db"), token)

    assert answer.data == {"password": "one"}
    assert life.kind is Kind.STATIC


async def test_a_kv1_secret_that_looks_like_kv2_is_distinguished_by_engine(vault, token, app):
    odd = {"data": {"password": "one"}, "metadata": {"version": 7}}
    app.admin.secrets.kv.v1.create_or_update_secret(
        f"{app.name}/odd", secret=odd, mount_point="kv1"
    )

    answer, _ = await vault.fetch(VaultRef.of(f"kv1/{app.name}/odd"), token, engine="kv1")

    assert answer.data == odd


async def test_a_deletion_time_in_the_future_is_not_a_deletion(vault, token, app):
    app.admin.secrets.kv.v2.update_metadata(f"{app.name}/db", delete_version_after="1h")
    app.put("db", password="one")

    answer, _ = await vault.fetch(VaultRef.of(app.path("db")), token)

    assert answer.data == {"password": "one"}


@pytest.mark.parametrize("how", ["deleted", "destroyed"])
async def test_a_deleted_or_destroyed_version_is_missing(vault, token, app, how):
    app.put("db", password="one")
    kv = app.admin.secrets.kv.v2
    if how == "deleted":
        kv.delete_latest_version_of_secret(f"{app.name}/db")
    else:
        kv.destroy_secret_versions(f"{app.name}/db", versions=[1])

    with pytest.raises(MissingError, match=f"version 1 was {how}"):
        await vault.fetch(VaultRef.of(app.path("db")), token)


async def test_a_path_that_never_existed_names_the_request_and_the_alternative(vault, token, app):
    with pytest.raises(MissingError, match=rf"secret/data/{app.name}/nope.*KV version 1"):
        await vault.fetch(VaultRef.of(app.path("nope")), token)


async def test_a_path_of_kv_version_2_without_its_data_is_written_out(vault, token, app):
    app.allow("secret/*")

    with pytest.raises(MissingError) as caught:
        await vault.fetch(VaultRef.of(f"secret/{app.name}/db"), token)

    assert str(caught.value) == (
        f"read secret/{app.name}/db: nothing is there: secret/ is KV version 2, whose paths have "
        f"`data/` after the mount; write 'secret/data/{app.name}/db'"
    )


async def test_a_path_outside_the_policy_is_denied_and_names_the_capability(vault, token):
    with pytest.raises(DeniedError, match="has to allow read on 'secret/data/other'"):
        await vault.fetch(VaultRef.of("secret/data/other"), token)


async def test_a_refusal_is_reported_once_without_the_servers_list_formatting(vault, token):
    with pytest.raises(DeniedError) as caught:
        await vault.fetch(VaultRef.of("secret/data/other"), token)

    assert str(caught.value) == (
        "read secret/data/other: permission denied: the token's policy has to allow read on "
        "'secret/data/other'"
    )


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        (VaultRef.of("secret/app"), "; if secret/ is KV version 2, write 'secret/data/app'"),
        (VaultRef.of("secret/data/other"), ""),
        (VaultRef.of("database/creds/app"), ""),
        (VaultRef.of("pki/issue/web", {"common_name": "x"}), ""),
    ],
    ids=str,
)
async def test_a_refusal_says_where_a_data_may_be_missing(vault, token, ref, says):
    with pytest.raises(DeniedError) as caught:
        await vault.fetch(ref, token)

    assert str(caught.value).endswith(f"on {ref.path!r}{says}")


async def test_a_wrong_secret_id_is_an_auth_error(vault, app):
    with pytest.raises(AuthError) as caught:
        await vault.log_in("auth/approle", {"role_id": app.role_id.read_text(), "secret_id": "x"})
    assert app.role_id.read_text() not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, TransientError),
        (472, Unreachable),
        (473, Unreachable),
        (500, TransientError),
        (502, TransientError),
        (503, Unreachable),
        (504, TransientError),
        ("reset", Unreachable),
    ],
)
async def test_what_waiting_fixes_is_transient(vault, token, proxy, app, status, error):
    proxy.script = [status]

    with pytest.raises(error):
        await vault.fetch(VaultRef.of(app.path("db")), token)


@pytest.mark.parametrize(
    "body",
    [b'{"data": {"password": "cana', b"<html>sorry</html>", b"", b"[]"],
    ids=["cut", "html", "empty", "list"],
)
async def test_an_answer_not_from_vault_is_transient_and_not_quoted(vault, token, proxy, app, body):
    proxy.script = [web.Response(body=body, content_type="application/json")]

    with pytest.raises(TransientError, match="not Vault's JSON") as caught:
        await vault.fetch(VaultRef.of(app.path("db")), token)
    assert "cana" not in str(caught.value)


async def test_retry_after_is_kept_with_the_error(vault, token, proxy, app):
    proxy.script = [web.Response(status=429, headers={"Retry-After": "2"})]

    with pytest.raises(TransientError) as caught:
        await vault.fetch(VaultRef.of(app.path("db")), token)
    assert caught.value.retry_after == 2


async def test_a_lagging_node_is_retried_within_seconds(vault, token, proxy, app, clock):
    app.put("db", password="one")
    proxy.script = [412, 412, 412]

    asking = asyncio.create_task(vault.fetch(VaultRef.of(app.path("db")), token))
    await clock.settled()
    await clock.advance(5)

    answer, _ = await asking
    assert answer.data == {"password": "one"}
    assert proxy.count("/db") == 4


async def test_a_node_that_keeps_lagging_is_left_to_the_schedule_after_five_seconds(
    vault, token, proxy, app, clock
):
    proxy.script = [412] * 100

    asking = asyncio.create_task(vault.fetch(VaultRef.of(app.path("db")), token))
    await clock.settled()
    await clock.advance(6)

    assert asking.done()
    with pytest.raises(TransientError):
        await asking
    assert proxy.count("/db") <= 10


async def test_a_token_does_not_follow_a_redirect_to_another_port(vault, token, proxy, app):
    elsewhere = web.Response(status=307, headers={"Location": "http://127.0.0.1:1/v1/x"})
    proxy.script = [elsewhere]

    with pytest.raises(Unreachable, match=r"redirects to http://127\.0\.0\.1:1"):
        await vault.fetch(VaultRef.of(app.path("db")), token)


async def test_a_redirect_on_the_same_server_is_followed(vault, token, proxy, app):
    app.put("db", password="one")
    path = f"/v1/{app.path('db')}"
    proxy.script = [web.Response(status=307, headers={"Location": proxy.address + path})]

    answer, _ = await vault.fetch(VaultRef.of(app.path("db")), token)

    assert answer.data == {"password": "one"}


async def test_a_redirect_to_another_secret_is_not_followed(vault, token, proxy, app):
    app.put("other", password="two")
    other = f"{proxy.address}/v1/{app.path('other')}"
    proxy.script = [web.Response(status=307, headers={"Location": other})]

    with pytest.raises(Unreachable, match="redirects to another path, which is not followed"):
        await vault.fetch(VaultRef.of(app.path("db")), token)


async def test_vaults_own_redirect_of_doubled_slashes_is_followed(vault, token, app):
    app.put("db", password="one")
    path = app.path("db").replace("/data/", "//data//")

    answer, _ = await vault.fetch(VaultRef.of(path), token)

    assert answer.data == {"password": "one"}


async def test_silence_ends_at_the_deadline(vault, token, proxy, app, clock):
    proxy.held = "/db"
    asking = asyncio.create_task(vault.fetch(VaultRef.of(app.path("db")), token))
    await asyncio.wait_for(proxy.holding.wait(), 5)

    await clock.advance(30, settle=False)

    with pytest.raises(Unreachable, match="within 30 s"):
        await asking


async def test_no_request_is_sent_twice_when_a_kept_connection_has_died(vault, token, proxy, app):
    app.put("db", password="one")
    ref = VaultRef.of(app.path("db"))
    await vault.fetch(ref, token)
    proxy.script = ["reset"]

    with pytest.raises(Unreachable):
        await vault.fetch(ref, token)

    assert proxy.count("/db") == 2


async def test_many_reads_share_the_allowed_connections(clock, proxy, app, token):
    app.put("db", password="one")
    transport = Transport(
        model.Vault(address=proxy.address),
        connections=4,
        clock=clock,
        metrics=Metrics(),
        redact=str,
    )
    vault = Vault(transport, clock)

    await asyncio.gather(*(vault.fetch(VaultRef.of(app.path("db")), token) for _ in range(50)))
    await transport.reconnect()

    assert 1 < proxy.most_in_flight <= 4


async def test_a_namespace_is_sent_with_every_request_but_health(clock, proxy):
    settings = model.Vault(address=proxy.address, namespace="team-a")
    transport = Transport(settings, connections=1, clock=clock, metrics=Metrics(), redact=str)
    vault = Vault(transport, clock)

    await vault.health()
    with pytest.raises(InjectorError):
        await vault.log_in("auth/approle", {})
    with pytest.raises(InjectorError):
        await vault.log_in("auth/approle", {}, namespace="team-b")
    await transport.reconnect()

    assert proxy.namespaces == ["", "team-a", "team-b"]


async def test_health_distinguishes_an_outage_from_a_server(vault, proxy):
    await vault.health()
    proxy.status = 503

    with pytest.raises(Unreachable, match="sealed"):
        await vault.health()


def transport_to(address, clock):
    return Transport(
        model.Vault(address=address), connections=2, clock=clock, metrics=Metrics(), redact=str
    )


@contextlib.asynccontextmanager
async def answering(head: bytes, body: bytes = b""):
    """A server that answers everything with this head and body, and closes."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_failed_request_cuts_no_other_off(clock, proxy, app, token):
    app.put("a", password="one")
    transport = transport_to(proxy.address, clock)
    vault = Vault(transport, clock)
    proxy.held = "/a"
    held = asyncio.create_task(vault.fetch(VaultRef.of(app.path("a")), token))
    await proxy.holding.wait()
    proxy.script = ["reset"]

    with pytest.raises(Unreachable):
        await vault.fetch(VaultRef.of(app.path("b")), token)
    await asyncio.sleep(0.05)

    assert not held.done()
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await transport.reconnect()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_name_that_cannot_be_looked_up_is_unreachable(clock, host):
    transport = transport_to(f"http://{host}", clock)

    with pytest.raises(Unreachable, match=host):
        await transport.send(Request("GET", "/", "read", {}))
    await transport.reconnect()


async def test_plain_http_to_a_port_for_tls_is_told_from_a_proxy(clock):
    said = b"Client sent an HTTP request to an HTTPS server.\n"  # Go's whole answer
    async with answering(b"HTTP/1.0 400 Bad Request", said) as address:
        transport = transport_to(f"http://{address}", clock)
        with pytest.raises(Unreachable) as caught:
            await transport.send(Request("GET", "/", "read", {}))
        await transport.reconnect()

    assert str(caught.value).endswith(
        f"http://{address} expects TLS; write https:// in `vault.address`"
    )


async def test_a_redirect_to_nonsense_is_not_followed(clock):
    async with answering(b"HTTP/1.1 307 X\r\nLocation: http://[::1/") as address:
        transport = transport_to(f"http://{address}", clock)
        with pytest.raises(Unreachable):
            await transport.send(Request("GET", "/", "read", {}))
        await transport.reconnect()


async def test_the_password_of_a_proxy_is_in_no_error(clock, monkeypatch):
    async with answering(b"HTTP/1.1 407 X") as address:
        # pragma: allowlist nextline secret
        monkeypatch.setenv("https_proxy", f"http://user:hunter22@{address}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = transport_to("https://vault.example", clock)
        with pytest.raises(Unreachable, match="proxy of the environment answered 407") as caught:
            await transport.send(Request("GET", "/", "read", {}))
        await transport.reconnect()
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_requests_to_this_machine_bypass_the_proxy(clock, monkeypatch, host):
    async with answering(b"HTTP/1.1 200 X") as address:
        monkeypatch.setenv("http_proxy", f"http://{address}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = transport_to(f"http://{host}:9", clock)
        with pytest.raises(Unreachable):
            await transport.send(Request("GET", "/", "read", {}))
        await transport.reconnect()


@pytest.mark.parametrize("asked", ["86400", "9" * 400])
async def test_no_server_or_proxy_can_make_us_wait_for_hours(vault, token, proxy, app, asked):
    proxy.script = [web.Response(status=429, headers={"Retry-After": asked})]

    with pytest.raises(TransientError) as caught:
        await vault.fetch(VaultRef.of(app.path("db")), token)
    assert caught.value.retry_after == 300


async def test_hanging_reads_do_not_hold_up_the_token(clock, proxy, app, token):
    import asyncio

    transport = Transport(
        model.Vault(address=proxy.address),
        connections=2,
        clock=clock,
        metrics=Metrics(),
        redact=str,
    )
    vault = Vault(transport, clock)
    proxy.held = "/db"
    reads = [asyncio.create_task(vault.fetch(VaultRef.of(app.path("db")), token)) for _ in range(4)]
    await asyncio.wait_for(proxy.holding.wait(), 5)

    renewed = await asyncio.wait_for(vault.renew_self(token), 5)

    assert renewed.is_same(token)
    assert proxy.count("/db") <= 2
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    await transport.reconnect()


async def test_waiting_for_a_connection_does_not_use_up_the_deadline(clock, proxy, app, token):
    import asyncio

    app.put("db", password="one")
    transport = Transport(
        model.Vault(address=proxy.address),
        connections=1,
        clock=clock,
        metrics=Metrics(),
        redact=str,
    )
    vault = Vault(transport, clock)
    proxy.held = "/hang"
    first = asyncio.create_task(vault.fetch(VaultRef.of(app.path("hang")), token))
    await asyncio.wait_for(proxy.holding.wait(), 5)
    second = asyncio.create_task(vault.fetch(VaultRef.of(app.path("db")), token))
    for _ in range(10):  # until it waits for its turn
        await asyncio.sleep(0)

    await clock.advance(30, settle=False)

    with pytest.raises(Unreachable):
        await first
    answer, _ = await asyncio.wait_for(second, 5)
    assert answer.data == {"password": "one"}
    await transport.reconnect()
