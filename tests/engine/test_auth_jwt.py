"""Logins with a JWT from a file, against a real JWT auth mount."""

import time
from dataclasses import dataclass, field
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from injector.base.errors import AuthError
from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from tests.support.engine import engine

GONE = "No such file or directory; put it there, or correct the path"


@dataclass
class Issuer:
    """Signs what the app's own JWT mount accepts."""

    mount: str
    key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)
    issued: int = 0

    @property
    def public(self) -> str:
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, public)
        return str(pem.decode())

    def issue(self, **claims: Any) -> str:
        self.issued += 1
        now = int(time.time())
        standard = {
            "sub": "app",
            "aud": "vault",
            "iat": now,
            "exp": now + 600,
            "jti": str(self.issued),
        }
        return pyjwt.encode(standard | claims, self.key, algorithm="RS256")


@pytest.fixture
def issuer(app):
    issuer = Issuer(f"jwt-{app.name}")
    app.admin.sys.enable_auth_method("jwt", path=issuer.mount)
    app.admin.write_data(
        f"auth/{issuer.mount}/config", data={"jwt_validation_pubkeys": [issuer.public]}
    )
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": ["vault"],
        "token_policies": [app.name],
        "token_ttl": "1h",
    }
    app.admin.write_data(f"auth/{issuer.mount}/role/app", data=role)
    # Its tokens cannot be renewed: at three quarters of their life a login is due.
    batch = role | {"token_type": "batch"}
    app.admin.write_data(f"auth/{issuer.mount}/role/batch", data=batch)
    app.put("db", password="one")
    return issuer


@pytest.fixture
def jwt(tmp_path, issuer):
    """The file of the JWT, as somebody else fills it."""
    path = tmp_path / "jwt"
    path.write_text(issuer.issue() + "\n")
    return path


@pytest.fixture
def load(lab, issuer, jwt):
    def load(**options):
        method = {
            "type": "jwt",
            "mount_path": f"auth/{issuer.mount}",
            "config": {"path": str(jwt), "role": "app", **options},
        }
        entry = {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")}
        secrets = {"db": {"path": lab.path("db")}}
        login = {"method": method}
        return lab.load(lab.config(auto_auth=login, secrets=secrets, template=[entry]))

    return load


def login_error(running):
    report = running.assembly.health.of("token", "token")
    assert report is not None
    return report.error


async def test_a_jwt_is_removed_after_the_login(load, clock, tmpfs, jwt):
    async with engine(load(), clock):
        assert (tmpfs / "db.env").read_text() == "one"
        assert not jwt.exists()


async def test_a_removed_jwt_is_not_kept_and_the_next_login_needs_a_new_one(load, lab, jwt, issuer):
    async with lab.start(load()) as running:
        lab.admin.auth.token.revoke(running.token.value)
        lab.put("db", password="two")
        await lab.clock.advance(70)

        error = login_error(running)
        assert isinstance(error, AuthError)
        assert str(error) == f"cannot read the JWT from {jwt}: {GONE}"
        assert lab.proxy.count("/login") == 1

        jwt.write_text(issuer.issue())
        await lab.clock.advance(90)
        assert lab.read("db.env") == "two"
        assert not jwt.exists()


async def test_without_a_new_jwt_the_old_token_is_used_until_it_expires(load, lab, jwt):
    async with lab.start(load(role="batch")) as running:
        first = running.token
        await lab.clock.advance(2800)
        lab.put("db", password="two")
        await lab.clock.advance(70)

        assert isinstance(login_error(running), AuthError)
        assert str(jwt) in str(login_error(running))
        assert running.token.value == first.value
        assert lab.read("db.env") == "two"


async def test_a_jwt_that_is_kept_is_reread_at_every_login(load, lab, jwt, issuer):
    async with lab.start(load(remove_jwt_after_reading=False)) as running:
        assert jwt.exists()
        jwt.write_text(issuer.issue())
        lab.admin.auth.token.revoke(running.token.value)
        await lab.clock.advance(70)

        assert running.assembly.health.settled
        assert lab.proxy.count("/login") == 2


async def test_a_rejected_jwt_is_kept_and_not_quoted(load, clock, jwt, issuer):
    jwt.write_text(issuer.issue(aud="somebody else"))

    async with engine(load(), clock) as running:
        assert isinstance(login_error(running), AuthError)
        assert "audience" in str(login_error(running))
        assert jwt.exists()
        assert jwt.read_text() not in running.log


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            None,
            f"cannot read the JWT from {{}}: {GONE}",
        ),
        ("", "{} is empty: put the JWT into it"),
        (
            "two words",
            "{} holds more than one word: this is not a JWT; name the file",
        ),
        ("not-a-jwt", None),
        ("a.b.c", None),
    ],
    ids=["missing", "empty", "two words", "no jwt", "three parts of nothing"],
)
async def test_an_invalid_jwt_is_named_but_not_quoted(load, clock, jwt, content, problem):
    jwt.unlink()
    if content is not None:
        jwt.write_text(content)

    async with engine(load(), clock) as running:
        assert isinstance(login_error(running), AuthError)
        if problem:
            assert str(login_error(running)).startswith(problem.format(jwt))
        if content:
            assert content not in running.log


async def test_a_new_jwt_after_a_failed_login_is_used_at_once(load, clock, tmpfs, jwt, issuer):
    jwt.unlink()

    async with engine(load(), clock) as running:
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def deliver():
            jwt.write_text(issuer.issue())
            await running.log_has("logged in")
            await clock.settled()

        await alongside([watching], deliver())
        assert (tmpfs / "db.env").read_text() == "one"


@pytest.mark.parametrize(("options", "logins"), [({}, 2), ({"remove_jwt_after_reading": False}, 1)])
async def test_a_new_jwt_is_used_at_once_if_it_is_for_one_login(
    load, lab, jwt, issuer, options, logins
):
    """It would have expired when the token ends; one that is renewed in place will not have."""
    async with lab.start(load(**options)) as running:
        jwt.write_text(issuer.issue())
        running.assembly.auth.material_changed(frozenset({str(jwt)}))
        await lab.clock.settled()

        assert lab.proxy.count("/login") == logins
        assert jwt.exists() is (logins == 1)


@pytest.fixture
def linked(jwt):
    """The path is a symlink, as in a projected volume."""
    target = jwt.with_name("..data-token")
    jwt.rename(target)
    jwt.symlink_to(target.name)
    return target


async def test_a_projected_jwt_that_is_renewed_waits_for_the_next_login(
    load, lab, linked, jwt, issuer
):
    async with lab.start(load()) as running:
        linked.write_text(issuer.issue())
        running.assembly.auth.material_changed(frozenset({str(jwt)}))
        await lab.clock.settled()

        assert lab.proxy.count("/login") == 1


async def test_neither_a_symlink_nor_its_target_is_removed(load, clock, jwt, linked):
    async with engine(load(), clock) as running:
        assert jwt.is_symlink()
        assert linked.exists()
        assert "it is a symlink" in running.log


async def test_the_target_of_a_symlink_is_removed_if_configured(load, clock, jwt, linked):
    async with engine(load(remove_jwt_follows_symlinks=True), clock):
        assert jwt.is_symlink()
        assert not linked.exists()


async def test_a_newer_jwt_that_arrives_during_the_login_is_not_removed(load, lab, jwt, issuer):
    newer = issuer.issue()
    lab.proxy.meanwhile = lambda request: (
        jwt.write_text(newer) if "/login" in request.path else None
    )

    async with lab.start(load()):
        assert lab.read("db.env") == "one"
        assert jwt.read_text() == newer


async def test_a_jwt_that_cannot_be_removed_is_a_warning(load, clock, tmpfs, jwt, monkeypatch):
    def unlink(path):
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr("os.unlink", unlink)
    async with engine(load(), clock) as running:
        assert (tmpfs / "db.env").read_text() == "one"
        assert "jwt file not removed" in running.log
        assert "Read-only file system" in running.log
    monkeypatch.undo()
