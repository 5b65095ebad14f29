"""The operations that add containers, volumes and mounts to a pod (RFC 6902)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from injector.inject.additions import Additions
from injector.inject.go.container import retyped
from injector.inject.vault_k8s.containers import INIT, Wanted, container
from injector.inject.vault_k8s.volumes import secret_mounts, volume_groups

STATUS = "/metadata/annotations/vault.hashicorp.com~1agent-inject-status"
INJECTED = "injected"


def patch(wanted: Wanted) -> list[dict[str, Any]]:
    """Return the operations; raises ValueError for a container that cannot be made."""
    pod, read, settings = wanted.pod, wanted.read, wanted.settings
    spec, exact = pod["spec"], wanted.defaults.exact
    added = Additions(exact=exact)
    for group in volume_groups(read, settings, wanted.secrets, wanted.token):
        added.extend("/spec/volumes", spec.get("volumes"), group)
    mounts = secret_mounts(read, wanted.secrets)
    names = read.words("agent-inject-containers")
    for index, one in enumerate(spec["containers"]):
        if one["name"] in names:
            path = f"/spec/containers/{index}/volumeMounts"
            added.extend(path, one.get("volumeMounts"), mounts)
    if settings.has_init or settings.native_sidecar:
        _add_init(added, wanted, mounts)
    shares = settings.share_process_namespace
    if shares is not None and (settings.has_init or not exact):
        added.set("/spec/shareProcessNamespace", shares)
    if settings.has_sidecar and not settings.native_sidecar:
        added.extend("/spec/containers", spec["containers"], [container(wanted, init=False)])
    added.set(STATUS, INJECTED)
    return added.operations


def _add_init(added: Additions, wanted: Wanted, mounts: Sequence[Any]) -> None:
    spec = wanted.pod["spec"]
    path, others = "/spec/initContainers", spec.get("initContainers") or []
    ours = container(wanted, init=not wanted.settings.native_sidecar)
    if not wanted.settings.init_first:
        added.extend(path, others, [ours])
        _mount_in(added, others, mounts, offset=0)
    elif wanted.defaults.exact:
        # vault-k8s takes the others away and adds them again, as its type of a container has them.
        if others:
            added.operations.append({"op": "remove", "path": path})
        written = [ours, *(retyped(one) for one in others)]
        added.extend(path, [], written)
        _mount_in(added, written, mounts, offset=0)
    else:
        added.set(f"{path}/0" if others else path, ours if others else [ours])
        _mount_in(added, others, mounts, offset=1)


def _mount_in(
    added: Additions, containers: Iterable[Mapping[str, Any]], mounts: Sequence[Any], *, offset: int
) -> None:
    """Mount the secrets in the pod's own init containers, all of which get them."""
    for index, one in enumerate(containers, offset):
        if one["name"] != INIT:
            path = f"/spec/initContainers/{index}/volumeMounts"
            added.extend(path, one.get("volumeMounts"), mounts)
