"""Finds KV version 2 where a path leaves out its `data/` or `metadata/`: the mount tells.

This is consul-template's rule. A token may always look up the mount of a path it has rights on; if
something in between forbids that, the path is tried as it is, and then as KV version 2 has it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from injector.base.errors import DeniedError, MissingError
from injector.sources.vault.ref import VaultRef

LOOK_UP = "sys/internal/ui/mounts"
_KV2 = {"type": "kv", "version": "2"}
# Sends a read of a path, and returns the answer's body.
Read = Callable[[str], Awaitable[dict[str, Any]]]


class Mounts:
    """What is known of a server's mounts, each asked for once: namespace and path → is KV 2."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bool] = {}
        self._asking: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, ref: VaultRef, read: Read, *, look_up: Read) -> dict[str, Any]:
        """Read a secret where it really is; raises what `read` raises."""
        if not ref.by_mount:
            return await read(ref.path)
        mount = await self._mount(ref, look_up)
        if mount is not None:
            is_kv2 = self._known[ref.namespace, mount]
            try:
                return await read(ref.path_in_kv2(mount) if is_kv2 else ref.path)
            except MissingError:
                self._known.pop((ref.namespace, mount), None)  # it may have become another one
                raise
        return await self._try_both(ref, read)

    async def _try_both(self, ref: VaultRef, read: Read) -> dict[str, Any]:
        try:
            return await read(ref.path)
        except (DeniedError, MissingError) as error:
            mount = ref.path.partition("/")[0] + "/"
            try:
                body = await read(ref.path_in_kv2(mount))
            except (DeniedError, MissingError):
                raise error from None
            self._known[ref.namespace, mount] = True
            return body

    async def _mount(self, ref: VaultRef, look_up: Read) -> str | None:
        path = ref.path.partition("?")[0]
        first = path.partition("/")[0]
        async with self._asking[ref.namespace, first]:  # a thousand secrets look up one mount
            known = self._of(ref.namespace, path)
            return known or await self._look_up(ref.namespace, path, look_up)

    def _of(self, namespace: str, path: str) -> str | None:
        found = [
            mount
            for known, mount in self._known
            if known == namespace and f"{path}/".startswith(mount)
        ]
        return max(found, key=len, default=None)

    async def _look_up(self, namespace: str, path: str, look_up: Read) -> str | None:
        try:
            body = await look_up(f"{LOOK_UP}/{path}")
        except (DeniedError, MissingError):
            return None
        data = body.get("data")
        mount = data.get("path") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(mount, str):
            return None
        mount = mount.removeprefix(f"{namespace}/") if namespace else mount
        options = data.get("options") or {}
        is_kv2 = {"type": data.get("type"), "version": options.get("version")} == _KV2
        self._known[namespace, mount] = is_kv2
        return mount
