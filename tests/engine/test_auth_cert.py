"""Logins with a TLS client certificate, against a real server that speaks TLS itself."""

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from injector.base.errors import AuthError, TransientError
from injector.dev.bao import dev_server
from injector.preflight.check import exit_code
from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from tests.support.checking import fine, of_plan, problems
from tests.support.engine import configuration, engine, load_from


@pytest.fixture(scope="module")
def server():
    """In place of the session's server: no proxy can pass a client certificate on."""
    with dev_server(tls=True) as bao:
        bao.admin.sys.enable_auth_method("approle")
        bao.admin.sys.enable_auth_method("cert")
        yield bao


GONE = "No such file or directory; put it there, or correct the path"


@dataclass
class Pair:
    """A certificate and its key on disk, and the authority that the app's role trusts."""

    authority: trustme.CA = field(repr=False)
    cert: Path
    key: Path

    def issue(self, authority: trustme.CA | None = None, **options: Any) -> tuple[bytes, bytes]:
        options = {"common_name": "app"} | options
        made = (authority or self.authority).issue_cert("app.internal", **options)
        return made.cert_chain_pems[0].bytes(), made.private_key_pem.bytes()

    def put(self, cert: bytes, key: bytes) -> None:
        self.cert.write_bytes(cert)
        self.key.write_bytes(key)


@pytest.fixture
def pair(app, tmp_path):
    pair = Pair(trustme.CA(), tmp_path / "client.pem", tmp_path / "client.key")
    pair.put(*pair.issue())
    role = {
        "certificate": pair.authority.cert_pem.bytes().decode(),
        "token_policies": [app.name],
        "token_ttl": "1h",
    }
    app.admin.write_data(f"auth/cert/certs/{app.name}", data=role)
    app.put("db", password="one")
    return pair


@pytest.fixture
def load(app, tmpfs, tmp_path, pair):
    def load(*, vault: dict[str, str] | None = None, **options: Any):
        options = {"client_cert": str(pair.cert), "client_key": str(pair.key)} | options
        options = {"name": app.name} | {key: value for key, value in options.items() if value}
        trust = {"address": app.bao.address, "ca_cert": app.bao.ca_cert} | (vault or {})
        return load_from(
            tmp_path,
            configuration(
                app,
                app.bao.address,
                vault=trust,
                auto_auth={"method": {"type": "cert", "config": options}},
                secrets={"db": {"path": app.path("db")}},
                template=[{"contents": "{{ db.password }}", "destination": str(tmpfs / "db.env")}],
            ),
        )

    return load


def login_error(running):
    report = running.assembly.health.of("token", "token")
    assert report is not None
    return report.error


async def test_a_certificate_logs_in_and_its_token_works_on_connections_without_one(
    load, clock, tmpfs
):
    loaded = load()
    assert not loaded.config.vault.client_cert

    async with engine(loaded, clock) as running:
        assert running.token.duration == 3600
        assert (tmpfs / "db.env").read_text() == "one"


async def test_without_a_role_name_the_server_looks_for_a_matching_one(load, clock, tmpfs):
    async with engine(load(name=""), clock):
        assert (tmpfs / "db.env").read_text() == "one"


async def test_with_a_role_name_no_other_role_is_tried(load, clock):
    async with engine(load(name="nobody"), clock) as running:
        assert isinstance(login_error(running), AuthError)


async def test_the_certificate_of_the_connection_is_used_if_the_login_has_none(
    load, clock, tmpfs, pair
):
    of_vault = {"client_cert": str(pair.cert), "client_key": str(pair.key)}
    loaded = load(vault=of_vault, client_cert="", client_key="")

    async with engine(loaded, clock) as running:
        assert running.assembly.auth.inputs == {str(pair.cert), str(pair.key)}
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_renewal_presents_the_certificate_of_the_login(load, clock):
    """Without one the server answers "no client certificate found"."""
    async with engine(load(), clock) as running:
        first = running.token
        await clock.advance(3000)

        assert running.token.value == first.value
        assert running.token.expires_at > first.expires_at
        assert running.log.count('"logged in"') == 1


async def test_a_new_certificate_logs_in_instead_of_renewing(load, clock, pair):
    """The server renews for the certificate of the login only, and refuses others with a 500."""
    async with engine(load(), clock) as running:
        first = running.token
        pair.put(*pair.issue())
        await clock.advance(3000)

        assert running.token.value != first.value
        assert running.log.count('"logged in"') == 2
        assert "no longer the certificate of the login" in running.log
        assert running.assembly.health.settled


async def test_both_files_are_reread_at_every_login(load, app, clock, tmpfs, pair):
    async with engine(load(), clock) as running:
        pair.put(*pair.issue())
        app.admin.auth.token.revoke(running.token.value)
        app.put("db", password="two")
        await clock.advance(70)

        assert (tmpfs / "db.env").read_text() == "two"


async def test_a_certificate_of_another_authority_is_refused_and_named(load, clock, pair):
    pair.put(*pair.issue(trustme.CA()))

    async with engine(load(), clock) as running:
        assert isinstance(login_error(running), AuthError)
        assert "invalid certificate or no client certificate supplied" in str(login_error(running))
        assert str(login_error(running)).endswith(f"presented: {pair.cert}")


NOW = dt.datetime.now(dt.UTC)
EXPIRED = {"not_before": NOW - dt.timedelta(days=2), "not_after": NOW - dt.timedelta(days=1)}


@pytest.mark.parametrize(
    ("flaw", "words"),
    [(EXPIRED, "has expired"), ({"common_name": None}, "missing name in alias")],
    ids=["expired", "without a common name"],
)
async def test_a_certificate_rejected_with_a_500_is_still_a_rejection(
    load, clock, tmpfs, pair, flaw, words
):
    pair.put(*pair.issue(**flaw))

    async with engine(load(), clock) as running:
        assert isinstance(login_error(running), AuthError)
        assert words in str(login_error(running))
        assert str(login_error(running)).endswith(f"presented: {pair.cert}")

        pair.put(*pair.issue())
        await clock.advance(20)
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_server_error_is_not_a_rejection(load, clock, tmpfs, tmp_path):
    """A port where nobody listens."""
    async with engine(load(vault={"address": "https://127.0.0.1:1"}), clock) as running:
        assert isinstance(login_error(running), TransientError)


def encrypted(key: bytes) -> bytes:
    loaded = serialization.load_pem_private_key(key, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )


NOT_USABLE = "cannot use {0} with {1} for TLS: one is not PEM, half-written, or has a passphrase"
BROKEN = {
    "no certificate": (
        lambda cert, key, other: (None, key),
        f"cannot read the certificate from {{0}}: {GONE}",
    ),
    "no key": (
        lambda cert, key, other: (cert, None),
        f"cannot read {{1}} for TLS: {GONE}",
    ),
    "half a certificate": (lambda cert, key, other: (cert[:200], key), NOT_USABLE),
    "half a key": (lambda cert, key, other: (cert, key[:100]), NOT_USABLE),
    "empty": (lambda cert, key, other: (b"", b""), NOT_USABLE),
    "a passphrase": (lambda cert, key, other: (cert, encrypted(key)), NOT_USABLE),
    "another's key": (
        lambda cert, key, other: (cert, other),
        (
            "cannot use {0} with {1} for TLS: they do not belong together: "
            "perhaps only one has been replaced yet"
        ),
    ),
}


@pytest.mark.parametrize(("breaks", "problem"), BROKEN.values(), ids=BROKEN)
async def test_a_pair_that_cannot_be_used_is_named_and_not_quoted(
    load, clock, tmpfs, pair, breaks, problem
):
    cert, key = pair.issue()
    contents = breaks(cert, key, pair.issue()[1])
    for path, content in zip((pair.cert, pair.key), contents, strict=True):
        path.unlink()
        if content is not None:
            path.write_bytes(content)

    async with engine(load(), clock) as running:
        assert isinstance(login_error(running), AuthError)
        assert str(login_error(running)) == problem.format(pair.cert, pair.key)
        assert key.splitlines()[1].decode() not in running.log

        pair.put(cert, key)
        await clock.advance(20)
        assert (tmpfs / "db.env").read_text() == "one"


def test_it_never_prompts_for_a_passphrase(pair):
    """OpenSSL would ask on the terminal, and take the answer, while everything stands still."""
    cert, key = pair.issue()
    pair.put(cert, encrypted(key))
    program = f"""
from injector.config import model
from injector.sources.vault.tls import tls_context
tls_context(model.Vault(client_cert={str(pair.cert)!r}, client_key={str(pair.key)!r}))
"""

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b"passphrase\n",
        capture_output=True,
        start_new_session=True,  # no terminal: OpenSSL then asks on standard input
        timeout=10,
        check=False,
    )

    assert b"UnusablePair" in done.stderr
    assert b"Enter PEM pass phrase" not in done.stderr


async def test_a_half_replaced_pair_is_not_presented_but_the_complete_one_is_at_once(
    load, clock, tmpfs, pair
):
    cert, key = pair.issue()
    pair.cert.write_bytes(cert)

    async with engine(load(), clock) as running:
        assert "do not belong together" in str(login_error(running))
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def complete():
            pair.key.write_bytes(key)
            await running.log_has("logged in")
            await clock.settled()

        await alongside([watching], complete())
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_check_presents_the_certificate_and_ends_its_token(load, app):
    before = app.admin.auth.token.list_accessors()["data"]["keys"]

    found = await of_plan(load())

    assert exit_code(found) == 0
    assert any(text.startswith("login: cert at auth/cert; the token lives") for text in fine(found))
    assert set(app.admin.auth.token.list_accessors()["data"]["keys"]) == set(before)


async def test_a_check_says_what_to_look_at_when_a_certificate_is_refused(load, pair):
    pair.put(*pair.issue(trustme.CA()))

    found = await of_plan(load())

    assert exit_code(found) == 3
    assert "a role of this mount has to trust the certificate" in problems(found)[0]
