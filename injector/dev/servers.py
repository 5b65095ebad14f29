"""The servers of `injector dev`: started together and filled from the seed file."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from injector.base.errors import ConfigError
from injector.dev.bao import Bao, asking, dev_server, free_port
from injector.dev.loading import DATABASE, kinds, needs_postgres
from injector.dev.place import Place
from injector.dev.postgres import Postgres, postgres
from injector.dev.rehearsal import POLICY
from injector.dev.relay import relay
from injector.dev.seed import AppRole, Seed
from injector.dev.timeline import Timeline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Servers:
    """OpenBao, and the environment variables by which the application finds the database."""

    bao: Bao
    database: dict[str, str]


async def start(
    ends: contextlib.AsyncExitStack,
    seed: Seed,
    place: Place,
    timeline: Timeline,
) -> Servers:
    """Start them until `ends`, and write a login for the injector to `place`.

    Raises InjectorError.
    """
    database = None
    with timeline.waiting("the servers start"):
        starting = asyncio.create_task(_entered(ends, dev_server(parent=place.memory)))
        if needs_postgres(seed):
            database = await _entered(ends, postgres(parent=place.disk))
        bao = await starting
    version = bao.admin.sys.read_health_status(method="GET")["version"]
    timeline.say("server", f"OpenBao {version} on {bao.address}, in memory")
    where = {}
    if database is not None:
        # Few drivers find a unix socket in an unusual place.
        where = DATABASE | {"PGPORT": str(free_port())}
        await ends.enter_async_context(relay(int(where["PGPORT"]), database.socket))
        address = "{PGHOST}:{PGPORT}".format_map(where)
        timeline.say("database", f"PostgreSQL {database.version} on {address}")
    with timeline.waiting("secrets are put into the server"):
        await asyncio.to_thread(_plant, seed, bao, database)
        await asyncio.to_thread(_make_role, seed.approle, bao, place)
    for name, kind in kinds(seed).items():
        timeline.say("server", f"{name}: {kind.path} ({kind.summary})")
    return Servers(bao, where)


async def _entered(
    ends: contextlib.AsyncExitStack, context: contextlib.AbstractContextManager[T]
) -> T:
    """Enter a slow context manager in a thread; it is left in ours."""
    entered = await asyncio.to_thread(context.__enter__)
    ends.push(context)
    return entered


def _plant(seed: Seed, bao: Bao, database: Postgres | None) -> None:
    if database is not None:
        _run_sql(seed, database)
    for name, kind in kinds(seed).items():
        with asking(f"make {name} at {kind.path}"):
            kind.plant(bao.admin, database)


def _run_sql(seed: Seed, database: Postgres) -> None:
    """Run the user's statements; raises ConfigError that names the file or key."""
    settings = seed.postgres
    scripts = {"postgres.statements": ";\n".join(settings.statements)}
    if settings.file:
        scripts = {settings.file: Path(settings.file).read_text("utf-8"), **scripts}
    for name, script in scripts.items():
        try:
            database.run_script(script)
        except ConfigError as exc:
            raise ConfigError(f"{name}: {exc}") from None


def _make_role(settings: AppRole, bao: Bao, place: Place) -> None:
    """Create a role with one policy, which is written later, and write its login to `place`."""
    admin = bao.admin
    with asking("set up the login"):
        admin.sys.enable_auth_method("approle")
        admin.auth.approle.create_or_update_approle(
            POLICY,
            token_policies=[POLICY],
            token_ttl=f"{settings.token_ttl:g}s",
            token_max_ttl=f"{settings.token_max_ttl:g}s",
        )
        role_id = admin.auth.approle.read_role_id(POLICY)["data"]["role_id"]
        secret_id = admin.auth.approle.generate_secret_id(POLICY)["data"]["secret_id"]
    place.write("role_id", role_id)
    place.write("secret_id", secret_id)
    place.write("root_token", bao.root_token)
