"""The volumes of an injected pod, and where its containers mount the secrets."""

from collections.abc import Sequence
from typing import Any

from injector.inject.vault_k8s.reading import Annotations
from injector.inject.vault_k8s.secrets import Secret
from injector.inject.vault_k8s.settings import Settings
from injector.inject.vault_k8s.token import TokenMount

SECRETS = "vault-secrets"
IN_MEMORY = {"emptyDir": {"medium": "Memory"}}


def volume_groups(
    read: Annotations, settings: Settings, secrets: Sequence[Secret], token: TokenMount
) -> list[list[dict[str, Any]]]:
    """Return the volumes to add, in the groups in which vault-k8s adds them."""
    homes = {"home-init": settings.has_init, "home-sidecar": settings.has_sidecar}
    groups = [
        [{"name": name} | IN_MEMORY for name, wanted in homes.items() if wanted],
        [{"name": mount["name"]} | IN_MEMORY for mount in secret_mounts(read, secrets)],
    ]
    if config_map := read.text("agent-configmap"):
        groups.append([{"name": "vault-config", "configMap": {"name": config_map}}])
    for name, key in (("extra-secrets", "agent-extra-secret"), ("vault-tls-secrets", "tls-secret")):
        if secret := read.text(key):
            groups.append([{"name": name, "secret": {"secretName": secret}}])
    if settings.shares_a_cache:
        groups.append([{"name": "vault-agent-cache"} | IN_MEMORY])
    if token.own is not None:
        groups.append([dict(token.own)])
    return groups


def secret_mounts(read: Annotations, secrets: Sequence[Secret]) -> list[dict[str, Any]]:
    """Return the mounts of the secrets: the common directory, then each other one."""
    common = read.text("secret-volume-path")
    others = dict.fromkeys(one.volume_path for one in secrets if one.volume_path != common)
    names = [SECRETS, *(f"{SECRETS}-custom-{index}" for index in range(len(others)))]
    return [
        {"name": name, "mountPath": path}
        for name, path in zip(names, [common, *others], strict=True)
    ]
