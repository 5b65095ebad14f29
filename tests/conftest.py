"""Fixtures: a real OpenBao, a proxy in front of it that fails on demand, a clock to be moved."""

import os
import secrets as randomness
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from injector.dev.bao import Bao, dev_server
from injector.dev.postgres import Postgres, postgres
from injector.dev.watchdog import watched
from tests.support.app import App
from tests.support.fakes import FakeClock, idle_loop
from tests.support.lab import Lab
from tests.support.proxy import Proxy, proxying

# On a loaded machine, neither an example nor making one up is too slow.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_asyncio_loop_factories(config, item):
    return {"idle": idle_loop}


def pytest_configure(config):
    """Go on ignoring what `nohup` or a job of a script ignores, but do not pass that on."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # what has a handler is the default after exec


@pytest.fixture(scope="session", autouse=True)
def memory() -> Iterator[Path]:
    """A folder on tmpfs. If this run is killed it goes, and so does whatever tests have started."""
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm", prefix="injector-test-") as folder,
        watched(folder),
    ):
        os.environ["TEST_RUN"] = folder  # a mark in the environment of all that
        os.chmod(folder, 0o711)  # tests let others into folders in it
        yield Path(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[Bao]:
    with dev_server() as bao:
        bao.admin.sys.enable_auth_method("approle")
        bao.admin.sys.enable_secrets_engine("kv", path="kv1", options={"version": "1"})
        yield bao


@pytest.fixture(scope="session")
def database(server: Bao) -> Iterator[Postgres]:
    """A real PostgreSQL behind `database/`; each test makes roles of its own."""
    with postgres() as made:
        made.mount(server.admin)
        yield made


@pytest.fixture
def make_app(server: Bao, tmp_path: Path) -> Callable[[], App]:
    """Make AppRoles, each of which may read everything below its own path."""

    def make() -> App:
        name = f"t{randomness.token_hex(4)}"
        app = App(server, name, tmp_path / name, server.admin)
        app.folder.mkdir()
        app.allow(f"secret/data/{name}/*", f"kv1/{name}/*")
        server.admin.auth.approle.create_or_update_approle(
            name, token_policies=[name], token_ttl="1h", token_max_ttl="4h"
        )
        app.role_id.write_text(server.admin.auth.approle.read_role_id(name)["data"]["role_id"])
        app.new_secret_id()
        return app

    return make


@pytest.fixture
def app(make_app: Callable[[], App]) -> App:
    return make_app()


@pytest.fixture
def creds(app: App, database: Postgres) -> str:
    """A role of the app's own for credentials of the database; the path that issues them."""
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    path = f"database/creds/{app.name}"
    app.allow(f"secret/data/{app.name}/*", path, "sys/leases/revoke")
    return path


@pytest.fixture
async def proxy(server: Bao) -> AsyncIterator[Proxy]:
    async with proxying(server.address) as proxy:
        yield proxy


@pytest.fixture
async def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tmpfs(memory: Path) -> Iterator[Path]:
    """A folder on a memory-backed filesystem, as destinations have to be."""
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def lab(app: App, proxy: Proxy, clock: FakeClock, tmpfs: Path, tmp_path: Path) -> Lab:
    return Lab(app, proxy, clock, tmpfs, tmp_path)
