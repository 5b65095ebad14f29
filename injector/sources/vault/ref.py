"""Which secret of Vault's: its path, parameters and namespace."""

import json
from collections.abc import Mapping
from typing import Any, Self

from injector.secret import Ref

# The source's name: there is one Vault.
NAME = "vault"
# A secret with one of these in its path comes without a lease, wherever its engine is mounted.
LEASELESS = ("/data/", "/static-creds/", "/static-cred/", "cubbyhole/")


class VaultRef(Ref, frozen=True, cache_hash=True):
    """A path, parameters and a namespace.

    `body` is the canonical JSON of the parameters of a write, or None for a plain read. `lists`
    asks for the names below the path. `by_mount` is a path without the `data/` or `metadata/` of KV
    version 2: the mount tells whether one is meant.
    """

    namespace: str = ""
    body: str | None = None
    lists: bool = False
    by_mount: bool = False

    @classmethod
    def of(
        cls,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        namespace: str = "",
        lists: bool = False,
        by_mount: bool = False,
    ) -> Self:
        """Name the secret at `path` as `vault read` takes it; with `params` it is a write."""
        clean = path.strip("/").removeprefix("v1/")
        body = None if params is None else json.dumps(params, sort_keys=True)
        return cls(clean, namespace, body, lists, by_mount)

    @property
    def source(self) -> str:
        return NAME

    @property
    def order(self) -> tuple[str, ...]:
        return self.namespace, self.path, self.body or ""

    @property
    def issues(self) -> bool:
        return self.body is not None

    @property
    def may_issue(self) -> bool:
        return self.issues or self.may_lease

    @property
    def may_lease(self) -> bool:
        """Tell, before anything is asked, whether the answer may come with a lease."""
        return not any(part in self.path for part in LEASELESS)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return what a policy has to allow: only key-value engines tell creating from updating."""
        if self.body is None:
            return ("list",) if self.lists else ("read",)
        is_key_value = "/data/" in self.path or self.path.startswith("cubbyhole/")
        return ("create", "update") if is_key_value else ("update",)

    def path_in_kv2(self, mount: str) -> str:
        """Return the path as KV version 2 has it, with `data/` or `metadata/` after the mount."""
        path, question, query = self.path.partition("?")
        rest = path.removeprefix(mount.rstrip("/")).strip("/")
        if rest.startswith("metadata") if self.lists else rest.startswith(("data/", "metadata/")):
            return self.path
        inside = f"{mount}{'metadata' if self.lists else 'data'}/{rest}"
        return inside.rstrip("/") + question + query

    def __str__(self) -> str:
        path = f"{self.namespace}:{self.path}" if self.namespace else self.path
        return f"list {path}" if self.lists else path
