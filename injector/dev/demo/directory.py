"""The demo's directory: it holds all that the demo writes, in memory, until the end."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from injector.dev.demo.server import ROLE, Server
from injector.dev.memory import memory_backed
from injector.dev.watchdog import watched

REFRESH = 0.3  # seconds: a demo cannot wait for the default of a minute
# Shorter than the outage, so that it is noticed rather than just slow.
VAULT_TIMEOUT = "500ms"
TEMPLATE = "DATABASE_PASSWORD={{ database.password }}\nAPI_KEY={{ api.key }}\n"


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory and the paths in it."""

    path: Path
    in_memory: bool

    @property
    def rendered(self) -> Path:
        return self.path / "app.env"

    @property
    def pid_file(self) -> Path:
        return self.path / "app.pid"

    @property
    def socket(self) -> Path:
        return self.path / "injector.sock"

    def daemon_config(self, server: Server) -> Path:
        """Write the configuration of `injector run`: AppRole, one file, a signal."""
        role_id, secret_id = self.path / "role_id", self.path / "secret_id"
        role_id.write_text(server.role_id())
        secret_id.write_text(server.secret_id())
        method = {
            "type": "approle",
            "config": {"role_id_file_path": str(role_id), "secret_id_file_path": str(secret_id)},
        }
        signal = {
            "signal": "SIGHUP",
            "process": {"pid_file": str(self.pid_file)},
            "wait": {"min": "20ms", "max": "1s"},
        }
        return self._config(
            "demo.yaml",
            server,
            method,
            template=[_template(self.rendered, notify=["application"])],
            notify={"application": signal},
            listener=[{"type": "unix", "address": str(self.socket)}],
        )

    def pod_config(self, server: Server, token: str) -> Path:
        """Write the configuration of `injector once`, as in an init container: Kubernetes login."""
        token_file = self.path / "token"
        token_file.write_text(token)
        method = {
            "type": "kubernetes",
            "config": {"role": ROLE, "token_path": str(token_file)},
        }
        template = [_template(self.path / "pod.env")]
        return self._config("pod.yaml", server, method, template=template)

    def _config(self, name: str, server: Server, method: Mapping[str, Any], **blocks: Any) -> Path:
        config = {
            "vault": {"address": server.address, "timeout": VAULT_TIMEOUT},
            "auto_auth": {"method": method},
            "secrets": {
                "database": {"path": "secret/data/shop/database"},
                "api": {"path": "kv/shop/api"},
            },
            "template_config": {
                "static_secret_render_interval": f"{REFRESH * 1000:g}ms",
                "require_memory_backed": self.in_memory,
            },
            "log_level": "debug",  # by default a renewal of the token is not logged
            "log_format": "json",
            **blocks,
        }
        path = self.path / name
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path


def _template(destination: Path, **more: Any) -> dict[str, Any]:
    return {"contents": TEMPLATE, "destination": str(destination), **more}


@contextlib.contextmanager
def directory(parents: Iterable[str]) -> Iterator[Directory]:
    """Create the directory in the first of `parents` that is memory-backed and writable."""
    parent = memory_backed(parents)
    with (
        tempfile.TemporaryDirectory(prefix=f"injector-demo-{os.getpid()}-", dir=parent) as path,
        watched(path),
    ):
        yield Directory(Path(path), in_memory=parent is not None)
