"""docs/rotation.md at night: every command of it, as it stands there, with what it promises."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from injector.dev.bao import Bao, dev_server, executable
from injector.dev.postgres import Postgres, postgres
from tests.support.processes import Process, result, running, until, write_config

PAGE = (Path(__file__).parents[2] / "docs" / "rotation.md").read_text("utf-8")
LIMIT = 20.0


def blocks() -> dict[str, list[str]]:
    """Return the commands of each section."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    commands = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
    found = {text.partition("\n")[0]: commands.findall(text) for text in sections}
    return {title: commands for title, commands in found.items() if commands}


# Which of them a test has run; the last test looks.
TRIED: set[tuple[str, int]] = set()


@dataclass
class Night:
    """A server with everything that the page names, and an injector beside it."""

    bao: Bao
    database: Postgres
    folder: Path
    memory: Path
    injector: Process

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{executable().parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "BAO_ADDR": self.bao.address,
            "BAO_TOKEN": self.bao.root_token,
            "INJECTOR_ADDR": f"unix://{self.memory}/injector.sock",
        }

    def text(self, section: str, number: int = 0) -> str:
        TRIED.add((section, number))
        text = blocks()[section][number]
        return re.sub("/run/secrets|/dev/shm", str(self.memory), text)

    def do(
        self, section: str, number: int = 0, *, codes: tuple[int, ...] = (0,), **more: str
    ) -> str:
        """Run a block of the page as somebody would who pastes it; it ends with one of `codes`."""
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", self.text(section, number)],
            cwd=self.folder,
            env=self.environ | more,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert ran.returncode in codes, ran.stdout + ran.stderr
        return ran.stdout

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(result("status", "--json", environ=self.environ).stdout)
        return found

    def value(self, name: str) -> Any:
        return json.loads((self.memory / f"{name}.json").read_text())

    def works(self, credentials: dict[str, str]) -> bool:
        return self.database.accepts(credentials["username"], credentials["password"])

    def put(self, **values: str) -> None:
        self.bao.admin.secrets.kv.v2.create_or_update_secret("app", secret=values)

    def begin(self) -> None:
        """Give `app` one version, and have it delivered."""
        self.bao.admin.secrets.kv.v2.delete_metadata_and_all_versions("app")
        self.put(password="first")
        assert result("refresh", "app", environ=self.environ).returncode == 0
        assert self.value("app") == {"password": "first"}


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    with ExitStack() as ends:
        bao, database = ends.enter_context(dev_server()), ends.enter_context(postgres())
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        memory = Path(ends.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        _fill(bao, database)
        config = write_config(folder, _config(bao, memory), "injector.yaml")
        policy = result("policy", "-c", config).stdout
        bao.admin.sys.create_or_update_policy("app", policy)
        write = bao.admin.auth.approle
        write.create_or_update_approle("app", token_policies=["app"], token_ttl="1h")
        (folder / "role_id").write_text(write.read_role_id("app")["data"]["role_id"])
        (folder / "secret_id").write_text(write.generate_secret_id("app")["data"]["secret_id"])
        injector = ends.enter_context(running("run", "-c", config))
        injector.wait_for("written", times=4)
        yield Night(bao, database, folder, memory, injector)


def _fill(bao: Bao, database: Postgres) -> None:
    admin = bao.admin
    admin.secrets.kv.v2.create_or_update_secret("app", secret={"password": "first"})
    database.execute("create role reporting login password 'x'")
    database.mount(admin)
    database.role(admin, "app", ttl="1h", max_ttl="4h")
    admin.secrets.database.create_static_role(
        "reporting", db_name="main", username="reporting", rotation_statements=[ROTATE],
        rotation_period="24h",
    )  # fmt: skip
    admin.sys.enable_secrets_engine("pki")
    admin.secrets.pki.generate_root("internal", "authority", extra_params={"key_type": "ec"})
    rules = {"allow_any_name": True, "enforce_hostnames": False, "key_type": "ec"}
    admin.secrets.pki.create_or_update_role("web", rules)
    admin.sys.enable_auth_method("approle")


ROTATE = "ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}';"


def _config(bao: Bao, memory: Path) -> dict[str, Any]:
    login = {
        "role_id_file_path": "role_id",
        "secret_id_file_path": "secret_id",
        "remove_secret_id_file_after_reading": False,
    }
    refused = f"! grep -q bad {memory}/app.json"
    return {
        "vault": {"address": bao.address},
        "auto_auth": {"method": {"type": "approle", "config": login, "max_backoff": "2s"}},
        "secrets": {
            "app": {"path": "secret/data/app"},
            "db": {"path": "database/creds/app"},
            "reporting": {"path": "database/static-creds/reporting"},
            "tls": {"path": "pki/issue/web", "params": {"common_name": "web", "ttl": "1h"}},
        },
        "template": [
            *(
                {"secret": name, "format": "json", "destination": f"{memory}/{name}.json"}
                for name in ("db", "reporting")
            ),
            {
                "secret": "app",
                "format": "json",
                "destination": f"{memory}/app.json",
                "notify": ["web"],
            },
        ],
        "bundle": [
            {
                "name": "tls",
                "directory": f"{memory}/tls",
                "template": [
                    {"destination": "cert.pem", "contents": "{{ tls.certificate }}\n"},
                    {"destination": "key.pem", "contents": "{{ tls.private_key }}\n"},
                ],
            }
        ],
        "notify": {
            "web": {
                "command": ["true"],
                "verify": {"command": ["sh", "-c", refused], "timeout": "100ms"},
                "on_failure": "rollback",
                "wait": {"min": "10ms"},
            }
        },
        "listener": {"type": "unix", "address": f"{memory}/injector.sock"},
        "template_config": {"static_secret_render_interval": "1s"},
    }


pytestmark = pytest.mark.timeout(60)


def test_the_first_look_shows_the_state_of_everything(night):
    assert night.do("Look first").startswith("injector: healthy (ready, ")


def test_a_leaked_value_is_replaced_delivered_and_destroyed(night):
    night.begin()

    night.do("A value has leaked", 0)
    delivered = night.do("A value has leaked", 1)
    night.do("A value has leaked", 2)

    assert re.match("app  changed  .*; notified: web$", delivered)
    assert len(night.value("app")["password"]) == 32
    versions = night.bao.admin.secrets.kv.v2.read_secret_metadata("app")["data"]["versions"]
    assert [versions[number]["destroyed"] for number in ("1", "2")] == [True, False]
    assert not (night.memory / "new-password").exists()


def test_a_leaked_database_user_ends_after_there_is_another(night):
    old = night.value("db")

    night.do("A database user has leaked", 0)
    new = night.value("db")
    leases = night.bao.admin.list("sys/leases/lookup/database/creds/app")["data"]["keys"]
    night.do("A database user has leaked", 1, LEASE=_oldest(night, leases))

    assert old["username"] != new["username"]
    assert not night.works(old)
    assert night.works(new)


def _oldest(night: Night, leases: list[str]) -> str:
    look = night.bao.admin.sys.read_lease
    issued = {lease: look(f"database/creds/app/{lease}")["data"]["issue_time"] for lease in leases}
    return min(issued, key=lambda lease: str(issued[lease]))


def test_all_users_of_a_role_end_and_there_is_a_new_one(night):
    old = night.value("db")

    night.do("A database user has leaked", 2)

    assert not night.works(old)
    assert night.works(night.value("db"))


def test_database_passwords_are_rotated_and_work(night):
    old = night.value("reporting")

    night.do("A database password", 0)
    night.do("A database password", 1)

    new = night.value("reporting")
    assert new["password"] != old["password"]
    assert night.works(new)


def test_a_certificate_is_reissued_before_it_expires(night):
    old = (night.memory / "tls" / "cert.pem").read_text()

    night.do("A certificate ends", 0)

    assert (night.memory / "tls" / "cert.pem").read_text() != old


@pytest.mark.skipif(shutil.which("openssl") is None, reason="this command needs openssl")
def test_the_issuers_end_can_be_seen(night):
    assert "notAfter=" in night.do("A certificate ends", 1)


def test_a_leaked_key_is_replaced_before_it_is_revoked(night):
    old = (night.memory / "tls" / "cert.pem").read_text()

    night.do("A private key has leaked")

    assert (night.memory / "tls" / "cert.pem").read_text() != old
    revoked = night.bao.admin.list("pki/certs/revoked")["data"]["keys"]
    assert len(revoked) == 1


def test_a_sealed_server_is_unsealed_and_everything_continues(night):
    night.bao.admin.sys.seal()
    until(lambda: night.status()["vault"]["state"] == "failing", "the outage is noticed")
    files = {path.name: path.stat().st_mtime for path in night.memory.glob("*.json")}

    ask, unseal = night.text("Vault is sealed or gone", 0).splitlines()
    asked = subprocess.run(ask.split(), env=night.environ, capture_output=True, check=False)
    _answer_prompt(unseal.split(), night.environ, night.bao.unseal_key)
    until(lambda: night.status()["vault"]["state"] == "ok", "the injector goes on")
    until(
        lambda: "healthy (ready, " in night.do("Vault is sealed or gone", 1),
        "every secret has been read again, which is spread over a moment",
    )

    assert asked.returncode == 2  # of `bao status`: sealed
    assert files == {path.name: path.stat().st_mtime for path in night.memory.glob("*.json")}


def _answer_prompt(command: list[str], environ: dict[str, str], answer: str) -> None:
    """Run a command that asks for a key, on a terminal as it wants it."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(command, env=environ, stdin=theirs, stdout=theirs) as asking:
            os.write(ours, f"{answer}\n".encode())
            assert asking.wait(LIMIT) == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_refused_login_is_explained_and_fixed_by_a_new_secret_id(night):
    _forget_every_login(night)
    until(lambda: night.status()["token"]["state"] == "failing", "the login fails")

    checked = subprocess.run(
        night.text("The login is refused", 0).split(),
        cwd=night.folder,
        env=night.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    night.do("The login is refused", 1)

    assert checked.returncode == 3
    assert "login" in checked.stdout
    until(lambda: night.status()["token"]["state"] == "ok", "the new secret id is used")
    assert (night.folder / "secret_id").stat().st_mode & 0o777 == 0o600


def _forget_every_login(night: Night) -> None:
    """End the token, and let the secret id be good for nothing."""
    approle = night.bao.admin.auth.approle
    for accessor in approle.list_secret_id_accessors("app")["data"]["keys"]:
        approle.destroy_secret_id_accessor("app", accessor)
    night.bao.admin.sys.revoke_prefix("auth/approle/login")


def test_a_deleted_secret_comes_back(night):
    night.begin()
    night.put(password="second")
    night.bao.admin.secrets.kv.v2.delete_latest_version_of_secret("app")
    until(lambda: _state(night, "app") == "failing", "it is missed")

    night.do("A secret cannot be read")

    assert night.value("app") == {"password": "second"}
    assert _state(night, "app") == "ok"


def _state(night: Night, name: str) -> Any:
    (found,) = [each for each in night.status()["secrets"] if each["name"] == name]
    return found["state"]


def test_a_rejected_rotation_is_rolled_back_on_the_server_too(night):
    night.begin()
    night.put(password="bad")
    night.injector.wait_for("rolled back")
    assert night.value("app") == {"password": "first"}

    night.do("The application rejects a rotation")

    (file,) = [f for f in night.status()["files"] if f["destination"].endswith("app.json")]
    assert file["state"] == "ok"
    assert night.value("app") == {"password": "first"}


def test_an_emergency_ends_everything_and_a_new_login_brings_it_back(night):
    old = night.value("db")

    night.do("Emergency revoke", 0)
    night.do("Emergency revoke", 1)
    until(lambda: night.status()["token"]["state"] == "failing", "nobody gets in")
    ended = not night.works(old)
    night.do("Emergency revoke", 2, codes=(0, 1))  # of `status`: the login may not be over yet

    assert ended
    until(lambda: night.status()["token"]["state"] == "ok", "the new login works")
    until(lambda: night.works(night.value("db")), "there is a user again")
    until(lambda: night.status()["health"] == "ok", "nobody is needed any more")


def test_every_block_of_the_page_has_been_tried():
    """Runs last; alone, it has nothing to look at."""
    if not TRIED:
        pytest.skip("no other test of this file has run")
    there = {(title, n) for title, found in blocks().items() for n in range(len(found))}

    assert there - TRIED <= {("A certificate ends", 1)}  # where there is no openssl
