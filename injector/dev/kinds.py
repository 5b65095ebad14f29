"""The kinds of seeded secrets, and how each is created, rotated and expired at the server."""

import secrets as randomness
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from injector.base.errors import ConfigError
from injector.dev import seed
from injector.dev.postgres import CREATE, Postgres

LETTERS = string.ascii_letters + string.digits
# The certificate authority outlives every certificate.
AUTHORITY_TTL, LONGEST_CERTIFICATE = "87600h", "8760h"
# A user owns nothing, or it could not be dropped at the end of its lease.
STATEMENTS = (CREATE, 'GRANT pg_read_all_data, pg_write_all_data TO "{{name}}";')


class SecretKind(Protocol):
    """One secret of the seed file."""

    @property
    def path(self) -> str: ...

    @property
    def params(self) -> Mapping[str, Any] | None:
        """Return the parameters of a request for it, None for a plain read."""

    @property
    def summary(self) -> str:
        """Return a word or two for what it is."""

    def variables(self, name: str, files: Path) -> dict[str, str]:
        """Return the environment variables that it provides by default, each a template.

        `files` is the directory for what is delivered as files.
        """

    def plant(self, admin: Any, postgres: Postgres | None) -> None:
        """Create it at the server."""

    @property
    def rotates(self) -> bool:
        """Return whether it can be rotated."""

    @property
    def expires(self) -> bool:
        """Return whether what was issued can be ended early."""

    def rotate(self, admin: Any) -> None:
        """Change it at the server; does nothing where a new request is enough.

        Raises ConfigError if it cannot be rotated.
        """

    def expire(self, admin: Any) -> None:
        """Revoke what was issued. Raises ConfigError if that is impossible."""


def kind_of(name: str, secret: seed.Secret) -> SecretKind:
    if secret.database is not None:
        return Credentials(secret.path or f"database/creds/{name}", secret.database)
    if secret.pki is not None:
        return Certificate(secret.path or f"pki/issue/{name}", secret.pki)
    return KeyValue(secret.path or f"secret/data/{name}", secret.kv or {})


def variable(*parts: str) -> str:
    """Return an environment variable's name made of these words."""
    name = "_".join(parts).upper()
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


# --- kv ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A secret in KV version 2, or in version 1 where the path has no `data/`."""

    path: str
    values: Mapping[str, Any]

    params = None
    expires = False

    @property
    def summary(self) -> str:
        return f"KV version {2 if self._is_v2 else 1}"

    @property
    def _is_v2(self) -> bool:
        return "/data/" in self.path

    @property
    def _place(self) -> tuple[str, str]:
        """Return the mount and the secret's name in it."""
        mount, _, name = self.path.partition("/data/" if self._is_v2 else "/")
        return mount, name

    def variables(self, name: str, files: Path) -> dict[str, str]:
        del files
        return {
            variable(name, key): f"{{{{ {name}[{key!r}]{_as_text(value)} }}}}"
            for key, value in self.values.items()
        }

    def plant(self, admin: Any, postgres: Postgres | None) -> None:
        del postgres
        mount, _ = self._place
        _enable(admin, "kv", mount, options={"version": "2" if self._is_v2 else "1"})
        self._write(admin, {key: _made(value) for key, value in self.values.items()})

    @property
    def rotates(self) -> bool:
        return any(map(_is_made_up, self.values.values()))

    def rotate(self, admin: Any) -> None:
        again = {key: _made(value) for key, value in self.values.items() if _is_made_up(value)}
        if not again:
            raise ConfigError(
                f"{self.path}: none of its values is made up; "
                "write {random: 24} for one that is to change"
            )
        answer = admin.read(self.path)["data"]
        self._write(admin, (answer["data"] if self._is_v2 else answer) | again)

    def expire(self, admin: Any) -> None:
        del admin
        raise ConfigError(f"{self.path}: a value does not expire; rotate it")

    def _write(self, admin: Any, values: Mapping[str, Any]) -> None:
        mount, name = self._place
        engine = admin.secrets.kv.v2 if self._is_v2 else admin.secrets.kv.v1
        engine.create_or_update_secret(name, secret=values, mount_point=mount)


def _is_made_up(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"random"}


def _made(value: Any) -> Any:
    if not _is_made_up(value):
        return value
    return "".join(randomness.choice(LETTERS) for _ in range(value["random"]))


def _as_text(value: Any) -> str:
    """Return the template filter that makes text of a value that is not text."""
    is_text = isinstance(value, str | bool | int | float) or _is_made_up(value)
    return "" if is_text else " | tojson"


# --- database ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    """Database credentials: a new user for each lease."""

    path: str
    settings: seed.Database

    params = None
    rotates = expires = True

    @property
    def summary(self) -> str:
        return f"database, ttl {self.settings.ttl:g} s, max_ttl {self.settings.max_ttl:g} s"

    def variables(self, name: str, files: Path) -> dict[str, str]:
        del files
        login = f"{name}.username ~ ':' ~ ({name}.password | urlencode)"
        host = "env('PGHOST') ~ ':' ~ env('PGPORT') ~ '/' ~ env('PGDATABASE')"
        return {
            variable(name, "username"): f"{{{{ {name}.username }}}}",
            variable(name, "password"): f"{{{{ {name}.password }}}}",
            variable(name, "url"): f"{{{{ 'postgresql://' ~ {login} ~ '@' ~ {host} }}}}",
        }

    def plant(self, admin: Any, postgres: Postgres | None) -> None:
        assert postgres is not None
        mount, role = self.path.split("/creds/")
        if f"{mount}/" not in admin.sys.list_mounted_secrets_engines():
            postgres.mount(admin, path=mount)
        postgres.role(
            admin,
            role,
            ttl=f"{self.settings.ttl:g}s",
            max_ttl=f"{self.settings.max_ttl:g}s",
            path=mount,
            statements=self.settings.creation_statements or STATEMENTS,
        )

    def rotate(self, admin: Any) -> None:
        del admin  # a new request makes a new user

    def expire(self, admin: Any) -> None:
        admin.sys.revoke_prefix(self.path)


# --- pki ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for any name, from a CA of our own."""

    path: str
    params: Mapping[str, Any]

    rotates, expires = True, False

    @property
    def summary(self) -> str:
        return f"certificate for {self.params['common_name']}"

    def variables(self, name: str, files: Path) -> dict[str, str]:
        return {
            variable(name, word, "file"): str(files / f"{word}.pem")
            for word in ("cert", "key", "ca")
        }

    def plant(self, admin: Any, postgres: Postgres | None) -> None:
        del postgres
        mount, role = self.path.split("/issue/")
        if _enable(admin, "pki", mount):
            admin.sys.tune_mount_configuration(mount, max_lease_ttl=AUTHORITY_TTL)
            admin.secrets.pki.generate_root(
                "internal",
                "vault-injector development authority",
                extra_params={"ttl": AUTHORITY_TTL, "key_type": "ec"},
                mount_point=mount,
            )
        rules = {
            "allow_any_name": True,
            "enforce_hostnames": False,
            "key_type": "ec",
            "max_ttl": LONGEST_CERTIFICATE,
        }
        admin.secrets.pki.create_or_update_role(role, rules, mount_point=mount)

    def rotate(self, admin: Any) -> None:
        del admin  # a new request makes a new certificate

    def expire(self, admin: Any) -> None:
        del admin
        raise ConfigError(
            f"{self.path}: a certificate cannot be ended early; rotate it, or give it a short ttl"
        )


def _enable(admin: Any, engine: str, mount: str, **settings: Any) -> bool:
    """Mount an engine unless something is mounted there; return whether it was new."""
    if f"{mount}/" in admin.sys.list_mounted_secrets_engines():
        return False
    admin.sys.enable_secrets_engine(engine, path=mount, **settings)
    return True
