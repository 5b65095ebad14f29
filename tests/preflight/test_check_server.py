"""What `check --online` finds out about the server: name, certificate, state, clock."""

import asyncio
import datetime as dt
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from injector.base.clock import SystemClock
from injector.config import model
from injector.preflight.check import exit_code
from injector.preflight.check.certificate import judge
from injector.preflight.check.finding import Level
from tests.support.checking import findings, fine, notes, problems, warnings
from tests.support.engine import configuration
from tests.support.proxy import proxying

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates; its own is at `path`."""

    ca: trustme.CA
    path: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(
        trustme.CA(organization_name="Example Authority"),
        tmp_path_factory.mktemp("ca") / "ca.pem",
    )
    made.ca.cert_pem.write_to_path(made.path)
    return made


def server_side(authority, *names, **life):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.ca.issue_cert(*(names or ("127.0.0.1",)), **life).configure_cert(context)
    return context


@pytest.fixture
def settings(app, tmpfs):
    """A configuration that does not log in: the server is what is looked at."""

    def settings(address, **vault):
        made = configuration(
            app, address, template=[{"contents": "x", "destination": "/dev/shm/x"}]
        )
        made["vault"] |= vault
        made["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"] = True
        return made

    return settings


async def checked_over_tls(tmp_path, settings, server, authority, *names, trust=None, life=None):
    tls = server_side(authority, *names, **(life or {}))
    async with proxying(server.address, tls=tls) as proxy:
        ca_cert = str(trust or authority.path)
        return await findings(tmp_path, settings(proxy.address, ca_cert=ca_cert))


async def test_a_working_server_is_described(tmp_path, settings, server):
    found = await findings(tmp_path, settings(server.address.replace("127.0.0.1", "localhost")))

    assert exit_code(found) == 0
    name, state, clock = fine(found)
    assert name.startswith("name: localhost is 127.0.0.1")
    assert state == "server: version 2.7.2, active"
    assert clock == "clock: within 30 s of the server's"


async def test_an_unknown_host_name(tmp_path, settings):
    found = await findings(tmp_path, settings("http://nowhere.invalid:8200"))

    assert exit_code(found) == 9
    assert problems(found)[0].startswith("name: nowhere.invalid cannot be looked up: ")
    assert problems(found)[0].endswith("write `vault.address` so that this machine can resolve it")
    assert "login: not attempted, because the server is not available" in notes(found)


async def test_nothing_listens_at_the_address(tmp_path, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, and not listening: refused
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        found = await findings(tmp_path, settings(address))

    assert exit_code(found) == 9
    assert problems(found) == [
        f"server: cannot connect to {address}: Connection refused; is Vault running there?"
    ]


async def test_a_server_that_never_answers(tmp_path, settings, clock):
    connected, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader, writer):
        connected.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    silence = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with silence:
        address = f"https://127.0.0.1:{silence.sockets[0].getsockname()[1]}"
        task = asyncio.create_task(findings(tmp_path, settings(address), clock=clock))
        await connected.wait()
        await clock.advance(5, settle=False)
        found = await task
        await gone.wait()

    assert exit_code(found) == 9
    assert problems(found)[0].startswith(f"server: no connection to {address} within 5 s; a firew")


async def test_a_certificate_is_described_with_issuer_and_expiry(
    tmp_path, settings, server, authority
):
    found = await checked_over_tls(tmp_path, settings, server, authority)

    assert exit_code(found) == 0
    tls = next(text for text in fine(found) if text.startswith("tls: "))
    assert tls.startswith("tls: 127.0.0.1 is signed by 'Example Authority', trusting ")
    assert f"trusting {authority.path}; the certificate ends in " in tls


WRONG: dict[str, Any] = {
    "expired": (
        (),
        {"not_before": NOW - 2 * DAY, "not_after": NOW - DAY},
        "certificate has expired; renew the server's certificate, unless this machine's clock",
    ),
    "not yet": (
        (),
        {"not_before": NOW + DAY, "not_after": NOW + 2 * DAY},
        "certificate is not yet valid; set this machine's clock, or the server's",
    ),
    "another number": (
        ("127.0.0.2",),
        {},
        "set `vault.tls_server_name` to a name that is in the certificate",
    ),
    "another name": (
        ("vault.internal",),
        {},
        "set `vault.tls_server_name` to a name that is in the certificate",
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_an_invalid_certificate(tmp_path, settings, server, authority, what):
    names, life, remedy = WRONG[what]

    found = await checked_over_tls(tmp_path, settings, server, authority, *names, life=life)

    assert exit_code(found) == 9
    assert f" is not trusted by {authority.path}: " in problems(found)[0]
    assert remedy in problems(found)[0]


async def test_an_untrusted_authority(tmp_path, settings, server, authority):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)

    found = await checked_over_tls(tmp_path, settings, server, authority, trust=other)

    assert exit_code(found) == 9
    assert f"is not trusted by {other}: " in problems(found)[0]
    assert "set `vault.ca_cert` to the authority that signed the" in problems(found)[0]


async def test_a_file_that_is_not_a_certificate(tmp_path, settings, server, authority):
    bad = tmp_path / "bad.pem"
    bad.write_text("not PEM")

    found = await checked_over_tls(tmp_path, settings, server, authority, trust=bad)

    assert exit_code(found) == 9
    assert problems(found)[0].startswith(f"tls: cannot use {bad} for TLS: ")


async def test_a_certificate_that_expires_soon_is_a_warning(tmp_path, settings, server, authority):
    life = {"not_before": NOW - 80 * DAY, "not_after": NOW + 10 * DAY}

    found = await checked_over_tls(tmp_path, settings, server, authority, life=life)

    assert exit_code(found) == 0
    assert "the certificate ends in 10 days; renew it" in warnings(found)[0]


@pytest.mark.parametrize(
    ("days", "left", "level"),
    [
        (90, 15, Level.OK),
        (90, 13, Level.WARNING),
        (1, 0.25, Level.OK),
        (1, 0.15, Level.WARNING),
        (3650, 13, Level.WARNING),
    ],
)
def test_soon_means_a_fifth_of_its_life_and_at_most_two_weeks(days, left, level):
    ends = NOW + left * DAY
    form = "%b %d %H:%M:%S %Y GMT"
    shown = {
        "notBefore": (ends - days * DAY).strftime(form),
        "notAfter": ends.strftime(form),
    }

    assert judge(shown, model.Vault(address="https://v"), NOW.timestamp()).level is level


async def test_tls_on_a_port_that_serves_http(tmp_path, settings, server):
    found = await findings(tmp_path, settings(server.address.replace("http:", "https:")))

    assert exit_code(found) == 9
    assert problems(found)[0].startswith("tls: no TLS with https://")
    assert "it does not speak TLS; write http://" in problems(found)[0]


def health(**state):
    async def answer(request):
        return web.json_response({"initialized": True, "sealed": False, "version": "1.2"} | state)

    return answer


async def asked(tmp_path, settings, proxy, answer):
    proxy.answer, proxy.only = answer, "sys/health"
    return await findings(tmp_path, settings(proxy.address))


STATES: dict[str, Any] = {
    "it is not initialized; run `vault operator init` there": {"initialized": False},
    "it is sealed; run `vault operator unseal` there": {"sealed": True},
    "set `vault.address` to the primary": {"replication_dr_mode": "secondary"},
}


@pytest.mark.parametrize("says", STATES)
async def test_a_server_that_is_not_available(tmp_path, settings, proxy, says):
    found = await asked(tmp_path, settings, proxy, health(**STATES[says]))

    assert exit_code(found) == 9
    assert problems(found)[0].startswith("server: version 1.2: ")
    assert problems(found)[0].endswith(says)


async def test_a_really_sealed_server_is_recognized(tmp_path, settings):
    from injector.dev.bao import dev_server

    with dev_server() as bao:
        await asyncio.to_thread(bao.admin.sys.seal)
        found = await findings(tmp_path, settings(bao.address))

    assert exit_code(found) == 9
    assert "it is sealed; run `vault operator unseal` there" in problems(found)[0]


async def test_a_standby_serves_too(tmp_path, settings, proxy):
    found = await asked(tmp_path, settings, proxy, health(standby=True))

    assert "server: version 1.2, a standby that forwards requests" in fine(found)


async def test_something_that_is_not_vault(tmp_path, settings, proxy):
    async def page(request):
        return web.Response(text="<html>welcome</html>")

    found = await asked(tmp_path, settings, proxy, page)

    assert exit_code(found) == 9
    [problem] = problems(found)
    assert "is not Vault's JSON" in problem
    assert problem.endswith("is `vault.address` right, or is there a proxy in between?")


async def test_an_unknown_state_is_a_warning(tmp_path, settings, proxy):
    async def forbidden(request):
        return web.json_response({"errors": ["no"]}, status=403)

    found = await asked(tmp_path, settings, proxy, forbidden)

    assert exit_code(found) == 0
    assert warnings(found)[0].startswith("server: its state is unknown: ")


class Ahead(SystemClock):
    """A machine whose clock is wrong."""

    def __init__(self, seconds):
        super().__init__()
        self._ahead = seconds

    def wall(self):
        return super().wall() + self._ahead


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (120, r"(119|120|121) s ahead of the server"),
        (-3600, r"(3599|3600|3601) s behind the server"),
    ],
)
async def test_a_clock_that_is_off_is_a_warning(tmp_path, settings, server, seconds, says):
    found = await findings(tmp_path, settings(server.address), clock=Ahead(seconds))

    assert exit_code(found) == 0
    (text,) = warnings(found)
    assert re.fullmatch(f"clock: this machine is {says}; run NTP on both: .*", text)


async def test_an_answer_without_a_date_says_so(tmp_path, settings, proxy):
    async def dateless(request):
        answer = web.json_response({"initialized": True})
        answer.headers["Date"] = "yesterday"
        return answer

    found = await asked(tmp_path, settings, proxy, dateless)

    assert "clock: the answer has no date to compare with" in notes(found)


async def test_behind_a_proxy_the_name_is_resolved_by_the_proxy(
    tmp_path, settings, server, monkeypatch
):
    # pragma: allowlist nextline secret
    monkeypatch.setenv("http_proxy", "http://user:canary-pw@127.0.0.1:1")
    found = await findings(tmp_path, settings("http://vault.example:8200"))

    assert notes(found)[0] == "name: vault.example is looked up by the proxy 127.0.0.1"
    assert exit_code(found) == 9
    assert "canary" not in str(found)
