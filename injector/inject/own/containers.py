"""What is added to a pod for our own annotations: containers, volumes, mounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from injector.inject.additions import Additions
from injector.inject.defaults import Defaults
from injector.inject.go import json_patch
from injector.inject.own.config import RUN, TOKEN, VARIABLE
from injector.inject.own.settings import Mode, Settings

NAME, INIT = "vault-injector", "vault-injector-init"
SECRETS, RUNNING, LOGIN, CONFIG = (
    "vault-injector-secrets",
    "vault-injector-run",
    "vault-injector-token",
    "vault-injector-config",
)
# Nothing else in the pod may be called so.
NAMES = {NAME, INIT, SECRETS, RUNNING, LOGIN, CONFIG}
CONFIG_AT = "/etc/vault-injector"
STATUS = "/metadata/annotations/vault-injector~1status"
IN_MEMORY = {"medium": "Memory"}
TOKEN_SECONDS = 600
# The containers after a native sidecar wait for it this long at most: five minutes.
STARTUP = {
    "exec": {"command": ["injector", "probe", "startup"]},
    "initialDelaySeconds": 1,
    "periodSeconds": 3,
    "timeoutSeconds": 5,
    "failureThreshold": 100,
}
FIELDS = {"NAMESPACE": "metadata.namespace", "HOST_IP": "status.hostIP", "POD_IP": "status.podIP"}


def patch(
    pod: Mapping[str, Any], settings: Settings, defaults: Defaults, config: str, configmap: str
) -> list[dict[str, Any]]:
    """Return the operations; raises ValueError for a patch that cannot be applied."""
    spec, mode = pod["spec"], settings.mode
    added = Additions(exact=False)
    added.extend("/spec/volumes", spec.get("volumes"), _volumes(settings, configmap))
    mount = {"name": SECRETS, "mountPath": settings.mount_path} | (
        {"readOnly": True} if settings.read_only else {}
    )
    _mount(added, "/spec/containers", spec["containers"], settings, mount)
    others = spec.get("initContainers") or []
    if mode.has_init:
        ours = _container(settings, defaults, config, configmap, init=True)
        added.set(*_at(others, settings.index, ours))
    _mount(added, "/spec/initContainers", others, settings, mount)
    if mode.has_sidecar:
        sidecar = _container(settings, defaults, config, configmap, init=False)
        added.extend("/spec/containers", spec["containers"], [sidecar])
    if settings.share_process_namespace:
        added.set("/spec/shareProcessNamespace", True)
    added.set(STATUS, "injected")
    return added.operations


def _at(others: list[Any], index: int, ours: Any) -> tuple[str, Any]:
    path = "/spec/initContainers"
    return (f"{path}/{index}", ours) if others else (path, [ours])


def _mount(
    added: Additions, path: str, containers: list[Any], settings: Settings, mount: dict[str, Any]
) -> None:
    ours_is_before = path.endswith("initContainers") and settings.mode.has_init
    for index, one in enumerate(containers):
        if one["name"] in settings.containers:
            place = index + (ours_is_before and index >= settings.index)
            added.extend(f"{path}/{place}/volumeMounts", one.get("volumeMounts"), [mount])


def _volumes(settings: Settings, configmap: str) -> Iterator[dict[str, Any]]:
    yield {"name": SECRETS, "emptyDir": dict(IN_MEMORY)}
    yield {"name": RUNNING, "emptyDir": dict(IN_MEMORY)}
    token: dict[str, Any] = {"path": "token", "expirationSeconds": TOKEN_SECONDS}
    if settings.audience:
        token["audience"] = settings.audience
    yield {"name": LOGIN, "projected": {"sources": [{"serviceAccountToken": token}]}}
    if configmap:
        yield {"name": CONFIG, "configMap": {"name": configmap}}


def _container(
    settings: Settings, defaults: Defaults, config: str, configmap: str, *, init: bool
) -> dict[str, Any]:
    once = init and settings.mode is not Mode.NATIVE
    where = f"{CONFIG_AT}/injector.yaml" if configmap else f"env:{VARIABLE}"
    made: dict[str, Any] = {
        "name": INIT if once else NAME,
        "image": settings.image,
        "args": ["once" if once else "run", "-c", where],
        "env": [*_environment(defaults, "" if configmap else config)],
        "resources": settings.resources,
        "volumeMounts": [*_mounts(settings, configmap)],
        "securityContext": _security_context(settings),
        # The reason of a failure is shown by `kubectl describe pod`.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if settings.mode is Mode.NATIVE:
        made |= {"restartPolicy": "Always", "startupProbe": STARTUP}
    patched: dict[str, Any] = json_patch.apply(made, settings.patch)
    return patched


def _environment(defaults: Defaults, config: str) -> Iterator[dict[str, Any]]:
    for name, path in FIELDS.items():
        yield {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    if defaults.proxy_address:
        yield {"name": "HTTPS_PROXY", "value": _literal(defaults.proxy_address)}
    if config:
        yield {"name": VARIABLE, "value": _literal(config)}


def _literal(text: str) -> str:
    """Return a text in which the kubelet finds no variables: `$(NAME)` would be one."""
    return text.replace("$", "$$")


def _mounts(settings: Settings, configmap: str) -> Iterator[dict[str, Any]]:
    yield {"name": SECRETS, "mountPath": settings.mount_path}
    yield {"name": RUNNING, "mountPath": RUN}
    yield {"name": LOGIN, "mountPath": TOKEN, "readOnly": True}
    if configmap:
        yield {"name": CONFIG, "mountPath": CONFIG_AT, "readOnly": True}


def _security_context(settings: Settings) -> dict[str, Any]:
    context: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    user, group = settings.ids.user, settings.ids.group
    if user != 0:
        context["runAsNonRoot"] = True
    if user is not None:
        context["runAsUser"] = user
    if group is not None:
        context["runAsGroup"] = group
    return context
