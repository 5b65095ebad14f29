"""The example workflow, step by step: its own scripts, a real OpenBao, a stand-in for GitHub."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest
import yaml
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from dotenv import dotenv_values

from injector.dev.bao import Bao, dev_server, executable
from tests.support.processes import result

EXAMPLE = Path(__file__).parents[2] / "config" / "github-actions"
JOB = yaml.safe_load((EXAMPLE / "deploy.yml").read_text())["jobs"]["deploy"]
STEPS = {step["name"]: step["run"] for step in JOB["steps"] if "run" in step}
CLAIMS = {"repository": "shop/api", "ref": "refs/heads/main", "aud": "vault"}

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the steps need curl")


@dataclass
class GitHub:
    """Gives a job its JWT, and Vault the key that it is signed with."""

    address: str = ""
    claims: dict[str, str] = field(default_factory=lambda: dict(CLAIMS))
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    async def discovery(self, _: web.Request) -> web.Response:
        keys = f"{self.address}/jwks"
        return web.json_response({"issuer": self.address, "jwks_uri": keys})

    async def jwks(self, _: web.Request) -> web.Response:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**public, "kid": "1", "use": "sig"}]})

    async def token(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "bearer the-jobs-own":
            return web.Response(status=401)
        now = int(time.time())
        claims = {"iss": self.address, "iat": now, "exp": now + 300, **self.claims}
        claims["aud"] = request.query["audience"]
        signed = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "1"})
        return web.json_response({"value": signed})


@pytest.fixture
async def github() -> AsyncIterator[GitHub]:
    github = GitHub()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", github.discovery)
    app.router.add_get("/jwks", github.jwks)
    app.router.add_get("/token", github.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    github.address = "http://{}:{}".format(*runner.addresses[0][:2])
    yield github
    await runner.cleanup()


@pytest.fixture(scope="module")
def vault() -> Iterator[Bao]:
    with dev_server() as bao:
        put = bao.admin.secrets.kv.v2.create_or_update_secret
        put("deploy/app", secret={"DB_PASSWORD": "correct horse"})
        put("deploy/api", secret={"API_KEY": "battery-staple"})
        yield bao


@dataclass(frozen=True)
class Runner:
    """A machine that runs the job: its files in memory are in a corner of their own."""

    workspace: Path
    memory: Path
    environ: dict[str, str]

    async def step(self, name: str) -> subprocess.CompletedProcess[str]:
        script = STEPS[name].replace("/dev/shm", str(self.memory))
        return await shell(script, self.workspace, **self.environ)


@pytest.fixture
def runner(vault: Bao, github: GitHub, tmp_path: Path, tmpfs: Path) -> Runner:
    folder = tmp_path / "config" / "github-actions"
    folder.mkdir(parents=True)
    for name in ("injector.yaml", "vault-setup.sh"):
        text = (EXAMPLE / name).read_text().replace("/dev/shm", str(tmpfs))
        (folder / name).write_text(text)
    (tmp_path / "github_env").touch()
    environ = {
        "VAULT_ADDR": vault.address,
        "GITHUB_ENV": str(tmp_path / "github_env"),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-jobs-own",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.address}/token?api-version=2.0",
    }
    return Runner(tmp_path, tmpfs, environ)


async def shell(script: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner does, with what it has on its PATH."""
    path = f"{Path(sys.executable).parent}:{executable().parent}:{os.environ['PATH']}"
    return await asyncio.to_thread(
        subprocess.run,
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


async def let_in(vault: Bao, github: GitHub, runner: Runner) -> None:
    """Run the set-up twice: the second time changes nothing."""
    for _ in range(2):
        made = await shell(
            "sh config/github-actions/vault-setup.sh",
            runner.workspace,
            BAO_ADDR=vault.address,
            BAO_TOKEN=vault.root_token,
            REPOSITORY="shop/api",
            ISSUER=github.address,
        )
        assert made.returncode == 0, made.stderr


async def test_the_job_gets_its_secrets_and_shows_none(vault, github, runner):
    await let_in(vault, github, runner)

    said = ""
    for name in ("Check the configuration", "Ask GitHub for a JWT", "Put the secrets in place"):
        ran = await runner.step(name)
        assert ran.returncode == 0, ran.stderr
        said += ran.stdout + ran.stderr
    file = runner.memory / "secrets" / "app.env"
    values, mode = dotenv_values(file), os.stat(file).st_mode & 0o777
    variables = (runner.workspace / "github_env").read_text()
    await runner.step("Tidy up")

    assert (values, mode) == ({"DB_PASSWORD": "correct horse"}, 0o600)
    assert re.fullmatch(r"API_KEY<<(\w+)\nbattery-staple\n\1\n", variables)
    masks, rest = said.split("::add-mask::battery-staple\n")
    assert "battery" not in masks + rest
    assert "correct horse" not in said
    assert os.listdir(runner.memory) == []
    left = vault.admin.list("auth/token/accessors")["data"]["keys"]
    assert len(left) == 1, "the token of the job was to be revoked"


async def test_another_branch_gets_nothing_nor_does_another_repository(vault, github, runner):
    await let_in(vault, github, runner)
    github.claims["ref"] = "refs/pull/1/merge"

    await runner.step("Ask GitHub for a JWT")
    ran = await runner.step("Put the secrets in place")

    assert ran.returncode == 3
    assert "ref" in ran.stderr
    assert (runner.workspace / "github_env").read_text() == ""
    bound = vault.admin.read("auth/jwt/role/deploy")["data"]["bound_claims"]
    assert bound == {"repository": "shop/api", "ref": "refs/heads/main"}


def test_the_setup_allows_what_the_configuration_needs(vault, tmp_path):
    """Lookup, renewal and revocation of its own token are in the policy `default`."""
    policy = result(
        *("policy", "-c", EXAMPLE / "injector.yaml"),
        environ={"GITHUB_ENV": str(tmp_path / "env"), "VAULT_ADDR": vault.address},
    ).stdout
    script = (EXAMPLE / "vault-setup.sh").read_text()

    needed = set(re.findall(r'^path "(secret/[^"]+)"', policy, re.MULTILINE))
    assert needed == set(re.findall(r'^path "(secret/[^"]+)"', script, re.MULTILINE))


def test_the_job_that_may_ask_for_a_jwt_installs_nothing_by_a_name_that_anybody_could_register():
    installs = [line for line in STEPS["Install the injector"].splitlines() if "pip" in line]

    assert installs
    for line in installs:
        assert "--require-hashes" in line or "--no-index" in line
