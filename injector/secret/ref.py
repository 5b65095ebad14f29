"""Which secret: its path, parameters and namespace."""

import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import unquote

import msgspec

# A secret with one of these in its path comes without a lease, wherever its engine is mounted.
LEASELESS = ("/data/", "/static-creds/", "/static-cred/", "cubbyhole/")


def climbs(path: str) -> bool:
    """Return whether a path has a `..` in it, spelled out or encoded: it is of another secret.

    Vault redirects to that, so whoever may write a value that is part of a path could choose one.
    """
    return any(unquote(step) in {".", ".."} for step in path.partition("?")[0].split("/"))


class Ref(msgspec.Struct, frozen=True, cache_hash=True):
    """Which secret: two names for the same path, parameters and namespace are one secret.

    `body` is the canonical JSON of the parameters of a write, or None for a plain read. `lists`
    asks for the names below the path. `by_mount` is a path without the `data/` or `metadata/` of KV
    version 2: the mount tells whether one is meant. It is a key in many
    places, so its hash is kept.
    """

    path: str
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
    def capabilities(self) -> tuple[str, ...]:
        """Return what a policy has to allow: only key-value engines tell creating from updating."""
        if self.body is None:
            return ("list",) if self.lists else ("read",)
        is_key_value = "/data/" in self.path or self.path.startswith("cubbyhole/")
        return ("create", "update") if is_key_value else ("update",)

    @property
    def may_lease(self) -> bool:
        """Tell, before anything is asked, whether the answer may come with a lease."""
        return not any(part in self.path for part in LEASELESS)

    def path_in_kv2(self, mount: str) -> str:
        """Return the path as KV version 2 has it, with `data/` or `metadata/` after the mount."""
        path, question, query = self.path.partition("?")
        rest = path.removeprefix(mount.rstrip("/")).strip("/")
        if rest.startswith("metadata") if self.lists else rest.startswith(("data/", "metadata/")):
            return self.path
        inside = f"{mount}{'metadata' if self.lists else 'data'}/{rest}"
        return inside.rstrip("/") + question + query

    def __repr__(self) -> str:
        return f"Ref({self})"  # parameters may be secret

    def __str__(self) -> str:
        path = f"{self.namespace}:{self.path}" if self.namespace else self.path
        return f"list {path}" if self.lists else path
