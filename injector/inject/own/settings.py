"""What the annotations mean for the pod: mode, containers, order, uid, resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from injector.config.problem import suggest
from injector.inject import nodes
from injector.inject.go import json_patch
from injector.inject.go.json_patch import Operation
from injector.inject.go.quantity import canonical
from injector.inject.own.annotations import PREFIX
from injector.inject.own.reading import Annotations

# From this version on every kubelet of a cluster starts native sidecars.
NATIVE_SINCE = (1, 33)
# They redirect the pod's traffic: what is before them may have no network.
MESH = ("istio-proxy", "linkerd-proxy")
LARGEST_ID = 2**31 - 1
AMOUNTS = ("requests", "limits")


class Mode(StrEnum):
    """The containers that run the injector."""

    NATIVE = "native"
    INIT = "init"
    SIDECAR = "sidecar"
    BOTH = "init+sidecar"

    @property
    def has_init(self) -> bool:
        """Return whether a container of it is among the init containers."""
        return self is not Mode.SIDECAR

    @property
    def has_sidecar(self) -> bool:
        return self in (Mode.SIDECAR, Mode.BOTH)


@dataclass(frozen=True, slots=True)
class Ids:
    """The uid and gid of the containers; None is not set."""

    user: int | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What is added to the pod, apart from the configuration."""

    mode: Mode
    index: int  # of our container among the init containers
    containers: frozenset[str]  # that get the files
    mount_path: str
    read_only: bool
    share_process_namespace: bool
    ids: Ids
    resources: Mapping[str, Any]
    audience: str
    image: str
    patch: tuple[Operation, ...]


def settings_of(
    read: Annotations, pod: Mapping[str, Any], server: tuple[int, int] | None
) -> Settings:
    """Read everything; problems are noted."""
    mode = _mode(read, pod, server)
    index = _index(read, pod) if mode.has_init else 0
    containers = _containers(read, pod, index if mode.has_init else None)
    return Settings(
        mode=mode,
        index=index,
        containers=containers,
        mount_path=_mount_path(read, pod, containers),
        read_only=read.flag("read-only"),
        share_process_namespace=_shares(read, pod),
        ids=_ids(read, pod, containers),
        resources=_resources(read),
        audience=read.text("token-audience"),
        image=_image(read),
        patch=tuple(_patch(read)),
    )


def _mode(read: Annotations, pod: Mapping[str, Any], server: tuple[int, int] | None) -> Mode:
    said = read.text("mode")
    if said in [*Mode]:
        return Mode(said)
    if said != "auto":
        read.problem(f"'{said}' is no mode; {suggest(said, ['auto', *Mode])}", "mode")
    if server is None or server >= NATIVE_SINCE:
        return Mode.NATIVE
    # A sidecar that is no native one keeps a Job from ending.
    ends = pod["spec"].get("restartPolicy") in ("Never", "OnFailure")
    return Mode.INIT if ends else Mode.BOTH


def _index(read: Annotations, pod: Mapping[str, Any]) -> int:
    others = pod["spec"].get("initContainers") or []
    names = [one["name"] for one in others]
    said = read.text("order")
    kind, _, name = said.partition(":")
    match kind, bool(name):
        case "", False:
            return _behind_the_mesh(others)
        case "first", False:
            return 0
        case "last", False:
            return len(others)
        case "after", True if name in names:
            return names.index(name) + 1
        case "after", True:
            read.problem(f"the pod has no init container '{name}'; {suggest(name, names)}", "order")
        case _:
            read.problem(f"expected first, last or after:NAME, got '{said}'", "order")
    return 0


def _behind_the_mesh(others: list[Mapping[str, Any]]) -> int:
    """Return the place behind native sidecars at the beginning, and behind a mesh's proxy."""
    index = 0
    while index < len(others) and others[index].get("restartPolicy") == "Always":
        index += 1
    proxies = [place for place, one in enumerate(others, 1) if one["name"] in MESH]
    return max(index, *proxies, 0)


def _containers(read: Annotations, pod: Mapping[str, Any], index: int | None) -> frozenset[str]:
    containers = [one["name"] for one in pod["spec"]["containers"]]
    before = [one["name"] for one in pod["spec"].get("initContainers") or ()]
    if "containers" not in read:
        return frozenset((*containers, *(before[index:] if index is not None else ())))
    chosen = read.words("containers")
    for name in chosen:
        if name not in (*containers, *before):
            advice = suggest(name, [*containers, *before])
            read.problem(f"the pod has no container '{name}'; {advice}", "containers")
        elif name in before[: len(before) if index is None else index]:
            read.problem(
                f"init container '{name}' starts before the files are there; see {PREFIX}order",
                "containers",
            )
    if not chosen:
        read.problem("names no container; remove it for all", "containers")
    return frozenset(chosen)


def _mount_path(read: Annotations, pod: Mapping[str, Any], containers: frozenset[str]) -> str:
    path = read.text("mount-path").rstrip("/")
    if not path.startswith("/"):
        read.problem(f"expected an absolute path, got '{path}'", "mount-path")
    for one in _all(pod):
        taken = [mount["mountPath"].rstrip("/") for mount in one.get("volumeMounts") or ()]
        if one["name"] in containers and path in taken:
            read.problem(
                f"container '{one['name']}' mounts something at {path} already; choose another "
                "directory",
                "mount-path",
            )
    return path


def _all(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]


def _shares(read: Annotations, pod: Mapping[str, Any]) -> bool:
    key = "share-process-namespace"
    shares, said = read.flag(key), pod["spec"].get("shareProcessNamespace")
    if shares and said is False:
        read.problem("the pod's own shareProcessNamespace is false; remove one of the two", key)
    return shares and not said


def _ids(read: Annotations, pod: Mapping[str, Any], containers: frozenset[str]) -> Ids:
    said = read.text("run-as")
    if said == "same":
        chosen = next((one for one in _all(pod) if one["name"] in containers), {})
        context = pod["spec"].get("securityContext") or {}
        context = context | (chosen.get("securityContext") or {})
        user, group = context.get("runAsUser"), context.get("runAsGroup")
        return Ids(user, group if user is not None else None)
    if said == "unset":
        return Ids()
    if found := re.fullmatch(r"([0-9]{1,10})(?::([0-9]{1,10}))?", said):
        user, group = int(found[1]), int(found[2]) if found[2] else None
        if max(user, group or 0) <= LARGEST_ID:
            return Ids(user, group)
    read.problem(f"expected same, unset, UID or UID:GID, got '{said}'", "run-as")
    return Ids()


def _resources(read: Annotations) -> dict[str, Any]:
    if "resources" not in read:
        return read.resources()
    try:
        given = nodes.parsed(read.text("resources")) or {}
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(
        kind in AMOUNTS and isinstance(amounts, dict) for kind, amounts in given.items()
    ):
        read.problem(
            "expected YAML such as {requests: {cpu: 10m, memory: 80Mi}, limits: {memory: 128Mi}}",
            "resources",
        )
        return {}
    made: dict[str, Any] = {}
    for kind, amounts in given.items():
        for name, amount in amounts.items():
            try:
                made.setdefault(kind, {})[str(name)] = canonical(str(amount))
            except ValueError as exc:
                read.problem(f"{kind}.{name}: {exc}", "resources")
    return made


def _image(read: Annotations) -> str:
    image = read.text("image")
    if not image or re.search(r"\s", image):
        read.problem("expected the name of an image", "image")
    return image


def _patch(read: Annotations) -> list[Operation]:
    if not read.text("patch"):
        return []
    try:
        return json_patch.decode(read.text("patch"))
    except ValueError as exc:
        read.problem(str(exc), "patch")
        return []
