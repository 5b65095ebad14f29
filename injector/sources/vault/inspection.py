"""Requests that only a check makes: the server's state, and what a token may do."""

from collections.abc import Mapping, Sequence

import msgspec

from injector.sources.vault.adapter import Adapter
from injector.sources.vault.api import Api
from injector.sources.vault.token_answers import understood
from injector.sources.vault.tokens import Token
from injector.sources.vault.transport import Transport

AT_ONCE = 200  # paths in one question

# Answered with 200 in every state: it is the answer that tells which.
WHATEVER = {
    "standbyok": "true",
    "perfstandbyok": "true",
    "sealedcode": "200",
    "uninitcode": "200",
    "drsecondarycode": "200",
}


class State(msgspec.Struct, frozen=True):
    """What `sys/health` says; null is as good as absent."""

    initialized: bool = True
    sealed: bool = False
    standby: bool = False
    version: str = ""
    replication_dr_mode: str | None = None


async def state(transport: Transport) -> tuple[State, str]:
    """Return the server's state and the Date of its answer; no namespace has a `sys/health`."""
    adapter = Adapter(transport, token="", namespace="")
    answer = await adapter.get("/v1/sys/health", params=WHATEVER)
    return understood(answer, State, "read sys/health"), answer["date"]


async def capabilities(
    transport: Transport, token: Token, paths: Sequence[str], *, namespace: str
) -> Mapping[str, tuple[str, ...]]:
    """Return what the token may do at each path; raises DeniedError if it may not even ask."""
    api = Api(Adapter(transport, token=token.value, namespace=namespace))
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(paths), AT_ONCE):
        asked = paths[start : start + AT_ONCE]
        answer = await api.capabilities.get_capabilities(asked)
        said = answer.get("data") or {}
        shape = dict[str, tuple[str, ...]]
        found |= understood(
            {path: said.get(path) for path in asked}, shape, "ask sys/capabilities-self"
        )
    return found


class Mount(msgspec.Struct, frozen=True):
    """What is mounted where a path leads, and where that begins."""

    type: str = ""
    path: str = ""
    options: dict[str, str] | None = None

    @property
    def version(self) -> str:
        """Return which KV this is; empty for other engines."""
        return (self.options or {}).get("version", "1") if self.type == "kv" else ""

    @property
    def kind(self) -> str:
        return f"{self.type} version {self.version}" if self.version else self.type


async def mount_of(transport: Transport, token: Token, path: str, *, namespace: str) -> Mount:
    """Return what a path leads to, as the command line asks for it: no right on `sys/` is needed.

    Raises DeniedError if the token has no right at all on the path, or if nothing is mounted there.
    """
    adapter = Adapter(transport, token=token.value, namespace=namespace)
    answer = await adapter.get(f"/v1/sys/internal/ui/mounts/{path.partition('?')[0]}")
    return understood(answer.get("data"), Mount, "look up a mount")
