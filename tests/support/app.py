"""One application's corner of the server."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from injector.dev.bao import Bao


@dataclass
class App:
    """One application's corner of the server: its own paths, policy and AppRole."""

    bao: Bao
    name: str
    folder: Path
    admin: Any = field(repr=False)

    @property
    def role_id(self) -> Path:
        return self.folder / "role_id"

    @property
    def secret_id(self) -> Path:
        return self.folder / "secret_id"

    def path(self, name: str) -> str:
        return f"secret/data/{self.name}/{name}"

    def put(self, name: str, **values: Any) -> int:
        """Write a KV v2 secret; return its version."""
        answer = self.admin.secrets.kv.v2.create_or_update_secret(
            f"{self.name}/{name}", secret=values
        )
        version: int = answer["data"]["version"]
        return version

    def allow(self, *paths: str) -> None:
        rules = "".join(
            f'path "{path}" {{ capabilities = ["read", "create", "update"] }}\n' for path in paths
        )
        self.admin.sys.create_or_update_policy(self.name, rules)

    def new_secret_id(self) -> str:
        answer = self.admin.auth.approle.generate_secret_id(self.name)
        self.secret_id.write_text(answer["data"]["secret_id"] + "\n")
        secret_id: str = answer["data"]["secret_id"]
        return secret_id
