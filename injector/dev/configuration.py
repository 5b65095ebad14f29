"""Generates the configuration for the injector that `injector dev` runs."""

import contextlib
import os
from typing import Any

import yaml

from injector.base.errors import ConfigError
from injector.dev.borrowed import borrowed
from injector.dev.kinds import Certificate, SecretKind
from injector.dev.loading import assignment, kinds
from injector.dev.place import Place
from injector.dev.seed import Seed
from injector.preflight.policy import document, needs
from injector.runtime.plan import Plan, refs_by_name

# So that changes made by hand at the server are seen soon.
REFRESH = "2s"
MARK = "# Written by `injector dev`, gone when it ends: never commit it.\n"


def text(seed: Seed, place: Place, address: str, *, supervised: bool) -> str:
    """Return the configuration; a supervised command gets the variables, too."""
    connection = _connection(place, address)
    if seed.config:
        return borrowed(seed.config, connection)
    made = {**_blocks(seed, place), **connection}
    if supervised:
        made["env_template"] = [
            {"name": name, "contents": text} for name, text in variables(seed, place).items()
        ]
    return yaml.safe_dump(made, sort_keys=False)


def policy(planned: Plan) -> str:
    """Return the least-privilege policy of a configuration."""
    config = planned.config
    found = needs(config, refs_by_name(config), planned.templates.values(), directory="")
    return document(found, file=os.path.basename(planned.loaded.path))


def unseeded(planned: Plan, seed: Seed) -> list[str]:
    """Return the paths that a configuration asks for and the seed file does not have."""
    seeded = {kind.path for kind in kinds(seed).values()}
    asked = {ref.path for ref in refs_by_name(planned.config).values()}
    asked |= {ref.path for template in planned.templates.values() for ref in template.refs}
    return sorted(path for path in asked if path.partition("?")[0] not in seeded)


def _connection(place: Place, address: str) -> dict[str, Any]:
    """Return what every such configuration shares: server, login and listener."""
    login = {
        "role_id_file_path": str(place.memory / "role_id"),
        "secret_id_file_path": str(place.memory / "secret_id"),
        "remove_secret_id_file_after_reading": False,
    }
    return {
        "vault": {"address": address, "timeout": "5s"},
        "auto_auth": {"method": {"type": "approle", "config": login}},
        "listener": [{"type": "unix", "address": str(place.socket)}],
        "log_format": "json",
    }


def _blocks(seed: Seed, place: Place) -> dict[str, Any]:
    found = kinds(seed)
    return {
        "secrets": {name: _secret(kind) for name, kind in found.items()},
        "template": [
            {
                "destination": seed.env_file,
                "contents": MARK
                + "".join(assignment(*pair) for pair in variables(seed, place).items()),
            }
        ],
        "bundle": [
            _files(name, place) for name, kind in found.items() if isinstance(kind, Certificate)
        ],
        "template_config": {
            "static_secret_render_interval": REFRESH,
            # `.env.local` is where the project is.
            "require_memory_backed": False,
        },
    }


def _secret(kind: SecretKind) -> dict[str, Any]:
    return {"path": kind.path} | ({} if kind.params is None else {"params": dict(kind.params)})


def variables(seed: Seed, place: Place) -> dict[str, str]:
    """Return the application's variables, each a template."""
    if seed.env:
        return dict(seed.env)
    return {
        variable: text
        for name, kind in kinds(seed).items()
        for variable, text in kind.variables(name, place.memory / name).items()
    }


def _files(name: str, place: Place) -> dict[str, Any]:
    """Return the bundle of a certificate, with the file names that servers usually expect."""
    return {
        "name": name,
        "directory": str(place.memory / name),
        "template": [
            {
                "destination": "cert.pem",
                "contents": f"{{{{ {name}.certificate }}}}\n{{{{ {name}.issuing_ca }}}}\n",
            },
            {"destination": "key.pem", "contents": f"{{{{ {name}.private_key }}}}\n"},
            {"destination": "ca.pem", "contents": f"{{{{ {name}.issuing_ca }}}}\n"},
        ],
    }


def require_own(env_file: str) -> None:
    """Raise ConfigError if the path holds a file that we did not write."""
    if _is_foreign(env_file):
        raise ConfigError(
            f"{env_file} is there, and not by `injector dev`: move it away, or name another file "
            "with `env_file:` in the seed file"
        )


def remove_own(env_file: str) -> None:
    """Remove our file, unless there is another one now."""
    if not _is_foreign(env_file):
        with contextlib.suppress(OSError):
            os.unlink(env_file)


def _is_foreign(path: str) -> bool:
    if not os.path.lexists(path):
        return False
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline() != MARK
    except OSError:
        return True
