"""Answers that are not Vault's, or that Vault does not give: none is believed, none ends us."""

import contextlib
import gzip
import json

import pytest
from aiohttp import web

from injector.base.errors import Unreachable
from injector.sources.vault import transport
from tests.engine.test_engine import one_file


def answer(body: bytes | str, status: int = 200) -> web.Response:
    raw = body.encode() if isinstance(body, str) else body
    return web.Response(status=status, body=raw, content_type="application/json")


@pytest.fixture
def loaded(lab):
    lab.put("db", password="one")
    secrets = {"db": {"path": lab.path("db"), "on_missing": "remove"}}
    return lab.load(one_file(lab, blocks={"secrets": secrets}))


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_rejection_by_a_gateway_is_not_vaults(lab, loaded, status):
    async with lab.start(loaded) as running:
        before = running.token
        gateways = json.dumps({"message": "no Route matched with those values"})
        lab.proxy.script = [answer(gateways, status) for _ in range(3)]
        await lab.clock.advance(140)

        assert (lab.tmpfs / "db.env").exists()
        assert running.token is before
        assert running.assembly.health.settled


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_an_outage_ends_even_where_the_health_check_is_refused(lab, loaded, status):
    async with lab.start(loaded) as running:
        lab.proxy.script = [503, status]
        await lab.clock.advance(140)

        assert "vault reachable again" in running.log
        assert running.assembly.health.settled


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_outage_ends_even_where_a_proxy_does_not_let_the_health_check_through(
    lab, loaded, status
):
    async with lab.start(loaded) as running:
        lab.proxy.only, lab.proxy.gateway = "sys/health", status
        running.assembly.availability.report(Unreachable("made up"))
        await lab.clock.advance(70)

        assert "vault reachable again" in running.log
        assert running.assembly.health.settled


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_load_balancer_without_its_backend_is_one_outage_for_everybody(lab, loaded, status):
    async with lab.start(loaded) as running:
        lab.proxy.gateway = status
        await lab.clock.advance(70)

        assert running.events("vault unreachable")
        asked = [request for request in lab.proxy.requests if "sys/health" not in request]
        await lab.clock.advance(60)
        assert [request for request in lab.proxy.requests if "sys/health" not in request] == asked

        lab.proxy.gateway = None
        await lab.clock.advance(3)
        assert running.events("vault reachable again")
        assert running.assembly.health.settled


@pytest.mark.parametrize("status", [403, 503])
async def test_rejected_health_checks_cause_no_storm_while_vault_is_down(lab, loaded, status):
    async with lab.start(loaded):
        await lab.clock.advance(50)
        lab.proxy.requests.clear()
        lab.proxy.only = "/"
        lab.proxy.script = [503, *([status, 503] * 100)]
        await lab.clock.advance(100)

        assert len(lab.proxy.requests) <= 100


@pytest.mark.parametrize(
    "auth",
    [
        None,
        [],
        {},
        {"client_token": ""},
        {"client_token": None, "mfa_requirement": {}},
        {"client_token": 1},
        {"client_token": "x", "lease_duration": "1h"},
        {"client_token": "x", "lease_duration": -5},
        {"client_token": "x", "lease_duration": 10**400},
    ],
    ids=str,
)
async def test_a_login_without_a_token_is_not_a_login(lab, loaded, auth):
    lab.proxy.only = "/login"
    lab.proxy.script = [answer(json.dumps({"auth": auth}))]

    async with lab.start(loaded) as running:
        assert "logged in" not in running.log

        await lab.clock.advance(5)
        assert running.assembly.health.settled


@pytest.mark.parametrize(
    "auth",
    [{}, None, [], {"lease_duration": "x"}, {"lease_duration": 0}, {"lease_duration": -5}],
)
async def test_an_odd_renewal_leaves_the_token_as_it_is(lab, loaded, auth):
    async with lab.start(loaded) as running:
        before = running.token
        lab.proxy.only = "/renew-self"
        lab.proxy.script = [answer(json.dumps({"auth": auth}))]
        await lab.clock.advance(2700)

        assert running.token.is_same(before)
        assert lab.proxy.count("renew-self") == 2
        assert running.assembly.health.settled


@pytest.mark.parametrize(
    "body",
    [b'{"data": {"a": "\xff"}}', b"[" * 200_000, b'{"data": [1]}', b'{"data": null}'],
    ids=["not UTF-8", "deep", "list", "null"],
)
async def test_an_odd_secret_is_requested_again(lab, loaded, body):
    lab.proxy.only = "/db"
    lab.proxy.script = [answer(body)]

    async with lab.start(loaded) as running:
        await lab.clock.advance(5)

        assert lab.read("db.env") == "pw=one\n"
        assert running.assembly.health.settled


async def test_an_error_that_is_not_text_is_still_an_error(lab, loaded):
    lab.proxy.only = "/db"
    lab.proxy.script = [answer(b'{"errors": ["\xff"]}', 500)]

    async with lab.start(loaded) as running:
        await lab.clock.advance(5)
        assert running.assembly.health.settled


@pytest.mark.parametrize("packed", [True, False])
async def test_an_endless_answer_uses_no_memory(lab, loaded, packed, monkeypatch):
    """Not even one that is small on the wire."""
    monkeypatch.setattr(transport, "LARGEST", 2**20)

    async def endless(request: web.Request) -> web.StreamResponse:
        if packed:
            response = answer(gzip.compress(b" " * 8 * 2**20))
            response.headers["Content-Encoding"] = "gzip"
            return response
        stream = web.StreamResponse()
        await stream.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await stream.write(b" " * 65536)
        return stream

    async with lab.start(loaded) as running:
        lab.proxy.only, lab.proxy.answer = "/data/", endless
        await lab.clock.advance(140)

        assert "is larger than 1 MiB" in running.log
        assert lab.read("db.env") == "pw=one\n"
        lab.proxy.answer = None
        await lab.clock.advance(140)
        assert running.assembly.health.settled


@pytest.mark.parametrize(
    "body", [{}, {"lease_duration": 0}, {"lease_duration": -5}, {"lease_duration": None}], ids=str
)
async def test_an_odd_renewal_of_a_lease_issues_nothing(lab, creds, database, body):
    secrets = {"db": {"path": creds}}
    entry = {"contents": "{{ db.username }}", "destination": str(lab.tmpfs / "db")}
    blocks = {"secrets": secrets, "template": [entry]}

    async with lab.start(one_file(lab, blocks=blocks)) as running:
        lab.proxy.only = "leases/renew"
        lab.proxy.script = [answer(json.dumps(body))]
        await lab.clock.advance(2700)

        assert lab.proxy.count(creds) == 1
        assert lab.proxy.count("leases/renew") == 2
        assert running.assembly.health.settled
