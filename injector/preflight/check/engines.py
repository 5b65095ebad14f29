"""Checks that each path leads to an engine, and has the form this engine needs. Reads no secret."""

from collections.abc import Iterable, Iterator, Mapping

from injector.base.errors import DeniedError, InjectorError, MissingError
from injector.preflight.check.excess import Place, Rights
from injector.preflight.check.finding import Finding, ok, problem, warning
from injector.preflight.policy import Need
from injector.sources.vault import Token, Transport
from injector.sources.vault.inspection import Mount, mount_of

ABOUT = "engines"
# What comes after the mount of KV version 2.
KV2 = ("data/", "metadata/", "delete/", "undelete/", "destroy/", "subkeys/")


async def check_engines(
    transport: Transport, token: Token, wanted: Mapping[Place, Need], rights: Rights
) -> list[Finding]:
    """Look up the mount of each path that the token may use, once per mount."""
    mounts: dict[tuple[str, str], Mount] = {}  # by namespace and path
    found: list[Finding] = []
    for at, need in wanted.items():
        if need.without or not set(rights[at]) - {"deny"}:
            continue  # of upkeep, or denied: reported already
        mount = _known(need, mounts)
        if mount is None:
            try:
                # In its own namespace: there, a path begins with its mount.
                mount = await mount_of(transport, token, need.path, namespace=need.namespace)
            except DeniedError:  # although it has permissions there: so there is no mount
                text = f"{at}: no engine is mounted there"
                remedy = "correct the path, or mount the engine"
                found.append(problem(ABOUT, text, remedy, like=MissingError).at(need.where))
                continue
            except InjectorError:
                continue  # the server does not say: nothing is known, and nothing is wrong
            mounts[need.namespace, mount.path] = mount
        if not need.instead:  # else the mount decides which of the two is asked
            judged = _judge(at, need.path.removeprefix(mount.path), mount)
            found += [each.at(need.where) for each in judged]
    return found or _fine(mounts.values())


def _known(need: Need, mounts: Mapping[tuple[str, str], Mount]) -> Mount | None:
    parts = need.path.split("/")
    prefixes = ("/".join(parts[:end]) + "/" for end in range(len(parts), 0, -1))
    found = (mounts.get((need.namespace, prefix)) for prefix in prefixes)
    return next((mount for mount in found if mount is not None), None)


def _judge(at: Place, inner: str, mount: Mount) -> Iterator[Finding]:
    if mount.version == "2" and not inner.startswith(KV2):
        text = f"{at}: this is KV version 2, whose paths have `data/` after the mount"
        yield problem(ABOUT, text, f"write {mount.path}data/{inner}", like=MissingError)
    elif mount.version == "1" and inner.startswith("data/"):
        text = f"{at}: this is KV version 1, whose paths have no `data/` after the mount"
        yield warning(ABOUT, text, f"write {mount.path}{inner.removeprefix('data/')}, if so meant")


def _fine(mounts: Iterable[Mount]) -> list[Finding]:
    names = sorted(f"{mount.path} ({mount.kind})" for mount in mounts)
    return [ok(ABOUT, f"every path leads to one: {', '.join(names)}")] if names else []
