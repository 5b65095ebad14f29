"""The example that the histories are about: its secrets, files, applications and settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.model.vault import CERT, DB, ROLE, Roles

REFRESH = 30.0
# A changed value is in its file within the interval, its spread, and this.
FRESH_WITHIN = 1.1 * REFRESH + 2.0
# A rotation is seen by requests this far apart, each of which may take a moment.
WRONG_WITHIN = 0.3
# A change is notified after a quiet time of 2 s, at most 15 s after it began, and a moment.
NOTIFIED_WITHIN = 17.0
SECRETS: dict[str, dict[str, Any]] = {
    "a": {"path": "secret/data/a", "refresh": f"{REFRESH:g}s"},
    "b": {"path": "secret/data/b", "refresh": f"{REFRESH:g}s"},
    "db": {"path": DB},
    "cert": {"path": CERT, "params": {"common_name": "app"}},
    "role": {"path": ROLE, "refresh": f"{REFRESH:g}s"},
}
FILES = {
    "a": ("a={{ a.value }}\n", "web"),
    "mix": ("a={{ a.value }}\nb={{ b.value }}\ndb={{ db.username }}\n", "web"),
    "db": ("db={{ db.username }}\n", "worker"),
    "cert": ("cert={{ cert.serial_number }}\n", "worker"),
    "role": ("role={{ role.password }}\n", "worker"),
}
TARGETS = ("web", "worker")
# What a reload may change: which files there are, and the least time between notifications.
VARIANTS = {
    "all": (tuple(FILES), 0.0),
    "few": (("a", "db"), 0.0),
    "without-db": (("a", "cert"), 0.0),
    "patient": (tuple(FILES), 20.0),
}


@dataclass(frozen=True)
class World:
    """The server's and the user's settings, and the seed of the engine's own randomness."""

    roles: Roles = field(default_factory=Roles)
    budget: int = 1000
    overlap: float = 30.0
    publish_delay: float = 0.0
    persist: bool = False  # knowledge is handed over to the next process
    seed: int = 0


def wanted(variant: str) -> set[str]:
    """Return the names of the secrets that a variant's files are made from."""
    names, _ = VARIANTS[variant]
    return {key for name in names for key in SECRETS if f"{{ {key}." in FILES[name][0]}


def targets(variant: str) -> set[str]:
    return {FILES[name][1] for name in VARIANTS[variant][0]}


def connection(folder: Path) -> dict[str, Any]:
    """Return the blocks that log in to the model, and write the files for it."""
    for name in ("role_id", "secret_id"):
        (folder / name).write_text("x")
    return {
        "vault": {"address": f"unix://{folder}/vault.sock"},
        "auto_auth": {
            "method": {
                "type": "approle",
                "config": {
                    "role_id_file_path": str(folder / "role_id"),
                    "secret_id_file_path": str(folder / "secret_id"),
                    "remove_secret_id_file_after_reading": False,
                },
            }
        },
    }


def configuration(world: World, variant: str, folder: Path, notify_url: str) -> dict[str, Any]:
    names, min_interval = VARIANTS[variant]
    issued = {"issuance_budget": world.budget}
    leased = {"overlap": f"{world.overlap:g}s", "publish_delay": f"{world.publish_delay:g}s"}
    more: dict[str, dict[str, Any]] = {"db": issued | leased, "cert": issued}
    config: dict[str, Any] = {
        **connection(folder),
        "secrets": {name: SECRETS[name] | more.get(name, {}) for name in sorted(wanted(variant))},
        "template": [
            {
                "contents": FILES[name][0],
                "destination": str(folder / name),
                "notify": [FILES[name][1]],
            }
            for name in names
        ],
        "notify": {
            target: {"http": {"url": notify_url + target}, "min_interval": f"{min_interval:g}s"}
            for target in sorted(targets(variant))
        },
    }
    if world.persist:
        config["cache"] = {"persist": {"path": str(folder / "handover")}}
    return config
