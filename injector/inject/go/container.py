"""A container read into Go's type and written again, as vault-k8s does after a JSON patch.

Unknown fields and empty lists are dropped, quantities become canonical, `resources` is always
there. What does not fit raises ValueError with Go's message.
"""

from collections.abc import Mapping
from typing import Any

from injector.inject.go.json_patch import GO_KINDS
from injector.inject.go.quantity import canonical

# The fields of corev1.Container in the order of its declaration, which is that of its JSON.
FIELDS: dict[str, type] = {
    "name": str,
    "image": str,
    "command": list,
    "args": list,
    "workingDir": str,
    "ports": list,
    "envFrom": list,
    "env": list,
    "resources": dict,
    "resizePolicy": list,
    "restartPolicy": str,
    "restartPolicyRules": list,
    "volumeMounts": list,
    "volumeDevices": list,
    "livenessProbe": dict,
    "readinessProbe": dict,
    "startupProbe": dict,
    "lifecycle": dict,
    "terminationMessagePath": str,
    "terminationMessagePolicy": str,
    "imagePullPolicy": str,
    "securityContext": dict,
    "stdin": bool,
    "stdinOnce": bool,
    "tty": bool,
}
OF_A_MOUNT = (
    "name",
    "readOnly",
    "recursiveReadOnly",
    "mountPath",
    "subPath",
    "mountPropagation",
    "subPathExpr",
)
STRINGS = ("command", "args")


def retyped(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container as Go would write it after reading it."""
    written: dict[str, Any] = {"name": ""}
    for key, kind in FIELDS.items():
        value = container.get(key)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise ValueError(_misfit(key, value, kind))  # noqa: TRY004 - as all of Go's messages
        if value or kind is dict:
            written[key] = value
    written["resources"] = _resources(container.get("resources") or {})
    if "volumeMounts" in written:
        written["volumeMounts"] = [_mount(mount) for mount in written["volumeMounts"]]
    return written


def _misfit(key: str, value: object, kind: type) -> str:
    names = {str: "string", bool: "bool", list: "[]string" if key in STRINGS else "…"}
    return (
        f"json: cannot unmarshal {GO_KINDS[type(value)]} into Go struct field Container.{key} "
        f"of type {names.get(kind, '…')}"
    )


def _resources(resources: Mapping[str, Any]) -> dict[str, Any]:
    written = {
        kind: {name: canonical(str(text)) for name, text in amounts.items()}
        if isinstance(amounts, dict)
        else amounts
        for kind, amounts in resources.items()
    }
    return {kind: amounts for kind, amounts in written.items() if amounts}


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: mount[key] for key in OF_A_MOUNT if mount.get(key)}
    return {"name": "", "mountPath": "", **given}
