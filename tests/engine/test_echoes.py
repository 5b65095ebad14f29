"""Answers that quote what they were sent: nothing of it may come out anywhere.

A server, or whatever stands in front of it, may put a token, a secret id or a lease id into its
error. It is known from the moment on that it can be sent, and in every form.
"""

import asyncio
import base64
import io
import json
import ssl
import urllib.parse
from dataclasses import dataclass

import pytest
import trustme
from aiohttp import web

from injector.base.redactor import Redactor
from injector.runtime.assembly import rehearse
from injector.runtime.handing_over import take_over
from injector.runtime.listeners import status_report
from injector.runtime.plan import plan
from injector.status.exposition import exposition
from tests.support.engine import fresh_state
from tests.support.processes import clean_environment, result, running, write_config
from tests.support.proxy import proxying

CANARY = "canary-7f3a9b2c-value-of-the-test"


def quoting(status):
    """Answer with everything that was sent, as it was and in other forms."""

    async def answer(request):
        body = await request.read()
        sent = [request.headers.get("X-Vault-Token", ""), *leaves(json.loads(body or b"{}"))]
        words = [
            f"{request.method} {request.path} {body.decode()}: refused",
            *(f"{form} is not known" for text in sent for form in forms(text)),
        ]
        text = json.dumps({"errors": words})
        where = urllib.parse.quote(sent[-1], safe="")
        headers = {"Location": f"http://{where}@{where}.example/v1/{where}"}
        return web.Response(
            text=text, status=status, content_type="application/json", headers=headers
        )

    return answer


def forms(text):
    encoded = text.encode()
    yield text
    yield text.rpartition("/")[2]  # of a lease id, what is random
    yield urllib.parse.quote(text, safe="")
    yield json.dumps({"value": text})
    yield base64.b64encode(encoded).decode()
    yield base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def leaves(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, str):
        yield value


def everything_said(engine):
    """Return all that comes out of an engine: log, status, metrics, errors as they are state."""
    told = status_report(engine.assembly, engine.state)
    reports = engine.assembly.health.all()
    texts = [
        engine.log,
        json.dumps(told.as_json()),
        "\n".join(told.not_ready()),
        exposition(engine.state.metrics)[0].decode(),
        *(f"{report!r} {report.error}" for report in reports),
        repr(engine.state),
    ]
    return "\n".join(texts)


def assert_unsaid(text, *secrets):
    for secret in secrets:
        for form in forms(secret):
            assert form not in text


@dataclass
class Login:
    """A way to log in, and what it posts."""

    method: dict
    posts: str


@pytest.fixture(params=["approle", "jwt", "kubernetes", "token_file"])
def login(request, app, tmp_path):
    material = tmp_path / "material"
    material.write_text("made-up.credential+7f3a+9b2c==\n")
    config = {
        "approle": {
            "role_id_file_path": str(app.role_id),
            "secret_id_file_path": str(material),
            "remove_secret_id_file_after_reading": False,
        },
        "jwt": {"role": "app", "path": str(material)},
        "kubernetes": {"role": "app", "token_path": str(material)},
        "token_file": {"token_file_path": str(material)},
    }[request.param]
    return Login({"type": request.param, "config": config}, material.read_text().strip())


def settings(lab, **blocks):
    entry = {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")}
    defaults = {
        "secrets": {"db": {"path": lab.path("db")}},
        "template": [entry],
        "listener": [{"type": "unix", "address": str(lab.tmpfs / "socket")}],
    }
    return lab.config(**(defaults | blocks))


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503, 307])
async def test_a_refused_login_quotes_nothing(lab, login, status):
    lab.proxy.answer = quoting(status)
    blocks = {"auto_auth": {"method": login.method}}

    async with lab.start(settings(lab, **blocks)) as running:
        await lab.clock.advance(10)

        assert "login failed" in running.log
        assert "[redacted: " in running.log or status == 200  # which quotes in vain
        assert_unsaid(everything_said(running), login.posts)
        if login.method["type"] == "approle":
            assert_unsaid(everything_said(running), lab.app.role_id.read_text().strip())


async def test_an_untrusted_connection_gets_no_request(lab, server, login):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    blocks = {"auto_auth": {"method": login.method}}
    async with proxying(server.address, tls=tls) as proxy:
        made = settings(lab, vault={"address": proxy.address}, **blocks)
        async with lab.start(made) as running:
            await lab.clock.advance(10)

            assert "TLS with" in running.log
            assert proxy.requests == []
            assert_unsaid(everything_said(running), login.posts)


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_a_refused_token_of_the_environment_is_not_quoted(lab, status):
    lab.proxy.answer = quoting(status)
    made = settings(lab)
    del made["auto_auth"]
    path = write_config(lab.folder, made)
    token = "hvs.made-up-token-7f3a"

    async with lab.start(plan(str(path), {"VAULT_TOKEN": token})) as running:
        assert "[redacted: " in running.log
        assert_unsaid(everything_said(running), token)


@pytest.mark.parametrize("status", [400, 403, 500, 307])
@pytest.mark.parametrize("step", ["sys/wrapping/lookup", "sys/wrapping/unwrap", "/login"])
async def test_a_wrapped_secret_id_that_cannot_be_opened_or_used_is_not_quoted(lab, step, status):
    wrapped = lab.admin.auth.approle.generate_secret_id(lab.name, wrap_ttl="5m")
    wrapping_token = wrapped["wrap_info"]["token"]
    lab.app.secret_id.write_text(wrapping_token)
    made = settings(lab)
    config = made["auto_auth"]["method"]["config"]
    config["secret_id_response_wrapping_path"] = f"auth/approle/role/{lab.name}/secret-id"
    lab.proxy.only, lab.proxy.answer = step, quoting(status)

    async with lab.start(made) as running:
        await lab.clock.advance(10)

        assert "[redacted: " in running.log
        secret_id = getattr(running.state.method, "secret_id", None)
        assert_unsaid(
            everything_said(running), wrapping_token, *([secret_id.value] if secret_id else [])
        )


@pytest.mark.parametrize("status", [400, 403, 500, 503, 307])
async def test_requests_for_a_lease_and_its_end_quote_neither_lease_nor_token(
    lab, database, status
):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    lab.allow(creds, "sys/leases/revoke")
    entry = {
        "contents": "{{ db.username }} {{ db.password }}",
        "destination": str(lab.tmpfs / "db"),
    }
    secret = {"path": creds, "overlap": "1s"}
    made = settings(lab, secrets={"db": secret}, template=[entry])

    async with lab.start(made) as running:
        leases = [lease.lease_id for lease in running.state.store.leases()]
        token = running.token.value
        password = lab.read("db").split()[1]
        lab.proxy.only, lab.proxy.answer = "leases", quoting(status)
        await lab.clock.advance(3000)  # renewals
        said = everything_said(running)
        await lab.clock.advance(5000)  # another credential, and revocations of the first

        assert lab.proxy.count("leases/renew") > 0
        assert lab.proxy.count(creds) > 1
        leases += [lease.lease_id for lease in running.state.store.leases()]
        assert "[redacted: " in running.log
        assert_unsaid(said + everything_said(running), token, password, *leases)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 307])
async def test_a_denied_secret_quotes_no_token(lab, status):
    lab.put("db", password="one-7f3a")
    made = settings(lab)

    async with lab.start(made) as running:
        tokens = {running.token.value}
        lab.proxy.answer = quoting(status)
        await lab.clock.advance(4000)  # reads, lookups, renewals, and in the end logins

        tokens |= {token for token in lab.proxy.tokens if token}
        assert "[redacted: " in running.log
        assert_unsaid(everything_said(running), *tokens)


async def test_a_hand_over_file_that_cannot_be_used_is_not_quoted(lab):
    made = settings(lab, cache={"persist": {"path": str(lab.tmpfs / "state")}})
    loaded = lab.load(made)
    output = io.StringIO()
    for content in (b"hvs.canary-7f3a", b"vault-injector hand-over 2\nhvs.canary-7f3a" + b"x" * 99):
        (lab.tmpfs / "state").write_bytes(content)
        (lab.tmpfs / "state").chmod(0o600)
        with take_over(loaded.config, str(lab.tmpfs / "state"), fresh_state(lab.clock, output)):
            pass

    assert output.getvalue().count("hand-over file ignored") == 2
    assert_unsaid(output.getvalue(), "hvs.canary-7f3a")


async def test_what_is_handed_over_is_known_before_anything_is_sent(lab, database):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    creds = f"database/creds/{lab.name}"
    lab.allow(creds)
    entry = {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db")}
    persist = {"persist": {"path": str(lab.tmpfs / "state")}}
    blocks = {"secrets": {"db": {"path": creds}}, "template": [entry], "cache": persist}
    loaded = lab.load(settings(lab, **blocks))
    first = lab.fresh_state()
    with take_over(loaded.config, str(lab.tmpfs / "state"), first):
        async with lab.start(loaded, state=first) as running:
            token, [lease] = running.token.value, running.state.store.leases()

    next_process = lab.fresh_state()
    with take_over(loaded.config, str(lab.tmpfs / "state"), next_process):
        said = next_process.redactor.redact(f"{token} {lease.lease_id} {lab.read('db')}")

    assert said == "[redacted: token] [redacted] [redacted]"


@pytest.mark.timeout(60)
async def test_neither_output_of_a_process_has_the_credentials_of_a_login(lab):
    """The whole program: both streams, its own status and what `once` says at its end."""
    lab.proxy.answer = quoting(400)
    path = write_config(lab.folder, settings(lab))

    def lives():
        with running("run", "-c", path) as injector:
            injector.wait_for("login failed")
            status = result("status", "--json", "-c", path)
            injector.end()
        once = result("once", "-c", path, "--timeout", "1s")
        return injector.output + status.stdout + status.stderr + once.stdout + once.stderr

    said = await asyncio.to_thread(lives)
    assert said.count("[redacted: ") > 2
    assert_unsaid(said, lab.app.secret_id.read_text().strip())


async def test_a_token_in_the_environment_does_not_show_in_a_traceback(clock):
    state = fresh_state(clock, io.StringIO())
    state.environ = clean_environment(VAULT_TOKEN="hvs.canary-7f3a")

    assert "7f3a" not in repr(state)


def test_a_replacement_credential_is_hidden_like_its_predecessor():
    redactor = Redactor()
    for value in ("secret-id-one", "secret-id-two", "secret-id-two"):
        redactor.learn("secret id", value)

    assert redactor.redact("secret-id-one secret-id-two") == " ".join(["[redacted: secret id]"] * 2)


async def test_the_operators_words_are_readable_although_values_are_the_same_words(lab):
    lab.put(f"bookshelf{lab.name}", username="bookshelf", level="warning", stamp="timestamp")
    path, place = lab.path(f"bookshelf{lab.name}"), lab.tmpfs / "bookshelf"
    entry = {
        "contents": "{{ bookshelf.username }} {{ bookshelf.password }}",
        "destination": str(place / "pw"),
        "notify": ["timestamp"],
    }
    blocks = {
        "secrets": {"bookshelf": {"path": path}},
        "template": [entry],
        "notify": {"timestamp": {"command": ["sh", "-c", "echo warning bookshelf; exit 3"]}},
    }

    async with lab.start(settings(lab, **blocks)) as running:
        await lab.clock.advance(10)
        [refused] = running.events("file not written")[:1]
        shown = json.dumps(status_report(running.assembly, running.state).as_json())
        lab.put(f"bookshelf{lab.name}", username="bookshelf", level="warning", password="timestamp")
        await lab.clock.advance(140)
        [written] = running.events("file written")
        [failed] = running.events("notification failed")[:1]
        lab.proxy.only, lab.proxy.answer = "/data/", quoting(403)
        await lab.clock.advance(140)
        denied = running.events("secret failed")[0]

    assert refused["path"] == written["path"] == str(place / "pw")
    assert refused["level"] == "error"
    assert refused["error"].startswith(f"{lab.folder}/config.yaml:")
    assert f"of {path}" in refused["error"] or "'bookshelf'" in refused["error"]
    assert "[redacted" not in refused["error"]
    assert "[redacted" not in shown
    assert failed["notify"] == "timestamp"
    assert failed["error"].endswith("[redacted: bookshelf.level] [redacted: bookshelf.username]")
    assert denied["secret"] == "bookshelf"
    assert denied["error"].startswith(f"read {path}: permission denied")
    for line in running.log.splitlines():
        assert {"timestamp", "level", "event"} <= json.loads(line).keys()
        assert "redacted" not in json.loads(line)["event"]


async def test_of_an_endless_error_only_the_beginning_is_repeated(lab):
    lab.put("db", password=CANARY)
    async with lab.start(settings(lab)) as running:
        words = [f"{'x' * 980}{CANARY}{'y' * 1_000_000}", *["more"] * 100_000]
        text = json.dumps({"errors": words})
        lab.proxy.only = "/data/"
        lab.proxy.script = [web.Response(text=text, status=500, content_type="application/json")]
        await lab.clock.advance(140)

        [failed] = running.events("secret failed")[:1]
        assert len(failed["error"]) < 1300
        assert_unsaid(everything_said(running), CANARY, CANARY[:15])


async def test_a_secret_that_is_too_large_is_refused_and_says_so(lab):
    lab.put("db", password=CANARY)
    async with lab.start(settings(lab)) as running:
        body = json.dumps({"data": {"data": {"password": "x" * 5 * 2**20}}})
        lab.proxy.only = "/data/"
        lab.proxy.script = [web.Response(text=body, content_type="application/json")]
        await lab.clock.advance(140)

        [failed] = running.events("secret failed")[:1]
        assert "is larger than 4 MiB, which is the limit: divide the secret" in failed["error"]
        assert lab.read("db.env") == CANARY


async def test_a_configuration_that_is_only_tried_out_changes_no_names(lab):
    state = lab.fresh_state()
    state.redactor.configured({}, lambda: ["bookshelf"])
    state.redactor.learn("app", "bookshelf")

    rehearse(lab.load(settings(lab)), state)

    assert state.redactor.proofread("a bookshelf") == "a bookshelf"
