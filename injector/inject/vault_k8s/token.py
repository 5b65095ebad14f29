"""The service-account token that the injected agent logs in with."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from injector.inject.vault_k8s.reading import Annotations

VOLUME_NAME = "agent-service-account-token-volume-name"
MOUNTED_AT = "/var/run/secrets/vault.hashicorp.com/serviceaccount"
USUAL = "/var/run/secrets/kubernetes.io/serviceaccount"
OWN_VOLUME = "vault-token"
OWN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class TokenMount:
    """A volume with a token: where it is mounted, and the token's path in it.

    `own` is a volume that the pod does not have yet.
    """

    volume: str = ""
    mount_path: str = ""
    path: str = ""
    own: Mapping[str, Any] | None = None

    @property
    def file(self) -> str:
        return posixpath.join(self.mount_path, self.path)


def token_mount(
    read: Annotations, pod: Mapping[str, Any], *, audience: str, exact: bool
) -> TokenMount:
    """Return the token of the named volume, else the pod's usual one.

    A pod without one (`automountServiceAccountToken: false`) gets a projected volume of its own.
    vault-k8s refuses such a pod, and else takes the first mount whose path has `serviceaccount`.
    """
    mounts = [
        mount
        for container in pod["spec"]["containers"]
        for mount in container.get("volumeMounts") or ()
    ]
    if name := read.text(VOLUME_NAME):
        return _named(read, pod, mounts, name)
    similar = [mount for mount in mounts if "serviceaccount" in mount["mountPath"]]
    if not exact:
        similar.sort(key=lambda mount: mount["mountPath"].rstrip("/") != USUAL)
    if similar:
        return TokenMount(similar[0]["name"], similar[0]["mountPath"], "token")
    if exact:
        read.problem("failed to find service account volume mount")
        return TokenMount()
    return TokenMount(OWN_VOLUME, MOUNTED_AT, "token", own=_own_volume(audience))


def _named(
    read: Annotations, pod: Mapping[str, Any], mounts: list[Mapping[str, Any]], name: str
) -> TokenMount:
    volumes = {volume["name"]: volume for volume in reversed(pod["spec"].get("volumes") or ())}
    mounted = next((mount["mountPath"] for mount in mounts if mount["name"] == name), "")
    if name not in volumes:
        pod_name = (pod.get("metadata") or {}).get("name") or ""
        read.problem(
            f'failed to find volume "{name}" in Pod "{pod_name}" volumes'
            if mounted
            else f'failed to find service account volume "{name}"',
            VOLUME_NAME,
        )
        return TokenMount()
    path = _path_in(volumes[name])
    if not path:
        read.problem(f'failed to find tokenPath for projected volume "{name}"', VOLUME_NAME)
    return TokenMount(name, mounted or MOUNTED_AT, path)


def _path_in(volume: Mapping[str, Any]) -> str:
    sources = (volume.get("projected") or {}).get("sources") or ()
    paths = ((source.get("serviceAccountToken") or {}).get("path") for source in sources)
    return next(filter(None, paths), "")


def _own_volume(audience: str) -> dict[str, Any]:
    token = {"path": "token", "expirationSeconds": OWN_SECONDS}
    if audience:
        token["audience"] = audience
    return {"name": OWN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
