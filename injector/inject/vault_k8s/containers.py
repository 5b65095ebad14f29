"""The containers that run the agent, in the shape of vault-k8s: users' JSON patches address it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import Any

from injector.inject.defaults import Defaults
from injector.inject.go import encoding, json_patch
from injector.inject.go.container import retyped
from injector.inject.go.json_patch import Operation
from injector.inject.go.quantity import canonical
from injector.inject.go.values import finite
from injector.inject.vault_k8s.agent_config import CACHE, HOME, agent_config, patched
from injector.inject.vault_k8s.reading import Annotations
from injector.inject.vault_k8s.secrets import Secret
from injector.inject.vault_k8s.settings import Settings
from injector.inject.vault_k8s.token import TokenMount
from injector.inject.vault_k8s.volumes import secret_mounts

INIT, SIDECAR = "vault-agent-init", "vault-agent"
CONFIG_FILE = f"{HOME}/config.json"
DECODE = f"echo ${{VAULT_CONFIG?}} | base64 -d > {CONFIG_FILE}"
# Whichever agent the image has; `exec`, because a shell would keep the pod's SIGTERM to itself.
OURS = "command -v injector >/dev/null"
EITHER_AGENT = (
    f"if {OURS}; then exec injector agent -config={{file}}{{ours}}; "
    "else exec vault agent -config={file}; fi"
)
REVOKE = "-revoke-on-shutdown"
# Where a native sidecar without a shell is asked whether everything is in place.
SOCKET = f"{HOME}/injector.sock"
# The containers after a native sidecar wait for it this long at most: five minutes.
PATIENCE = {"periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 150}
AWS_VARIABLES = (
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that a container is made from."""

    pod: Mapping[str, Any]
    read: Annotations
    settings: Settings
    secrets: Sequence[Secret]
    token: TokenMount
    patches: Mapping[str, list[Operation]]
    defaults: Defaults
    config_patch: Mapping[str, Any] = field(default_factory=dict)


def container(wanted: Wanted, *, init: bool) -> dict[str, Any]:
    """Return the init container or the sidecar; raises ValueError for what does not fit."""
    read, settings, exact = wanted.read, wanted.settings, wanted.defaults.exact
    made: dict[str, Any] = {
        "name": INIT if init else SIDECAR,
        "image": read.text("agent-image"),
        **_command(wanted, init=init),
        "env": _environment(wanted, init=init),
        "resources": _resources(read),
        "volumeMounts": _mounts(wanted, init=init),
    }
    if not init:
        made["lifecycle"] = _lifecycle(wanted)
    if settings.native_sidecar:
        made |= _as_native_sidecar(wanted)
    if settings.set_security_context:
        made["securityContext"] = _security_context(settings, exact=exact)
    if not exact:
        # The reason of a failure is shown by `kubectl describe pod`.
        made["terminationMessagePolicy"] = "FallbackToLogsOnError"
    key = "agent-init-json-patch" if init else "agent-json-patch"
    if key in wanted.patches:
        try:
            made = json_patch.apply(made, wanted.patches[key])
        except ValueError as exc:
            raise ValueError(f"failed to apply JSON patch: {exc}") from None
        made = retyped(made)
    return made


def _command(wanted: Wanted, *, init: bool) -> dict[str, Any]:
    """Return `command` and `args`; without a shell, what the image's entry point is given."""
    read, exact = wanted.read, wanted.defaults.exact
    by_configmap = bool(read.text("agent-configmap"))
    file = f"/vault/configs/config{'-init' if init else ''}.hcl" if by_configmap else CONFIG_FILE
    flags = [REVOKE] if wanted.settings.revoke_on_shutdown and not init else []
    if not exact and not wanted.defaults.shell:
        where = [f"-config={file}"] if by_configmap else []
        return {"args": ["agent", *where, *flags]}
    first = f"touch {HOME}/.vault-token" if by_configmap else DECODE
    ours = "".join(f" {flag}" for flag in flags)
    agent = f"vault agent -config={file}" if exact else EITHER_AGENT.format(file=file, ours=ours)
    return {"command": ["/bin/sh", "-ec"], "args": [f"{first} && {agent}"]}


def _as_native_sidecar(wanted: Wanted) -> dict[str, Any]:
    """Return what makes an init container a native sidecar: the next waits for what it delivers."""
    native: dict[str, Any] = {"restartPolicy": "Always"}
    if not wanted.defaults.shell:
        native["startupProbe"] = {"exec": {"command": ["injector", "probe", "startup"]}} | PATIENCE
    elif not wanted.read.text("agent-configmap"):  # a ConfigMap may write any files
        files = [secret.destination for secret in wanted.secrets] or [f"{HOME}/.vault-token"]
        there = " && ".join(f"test -e {quote(file)}" for file in files)
        native["startupProbe"] = {"exec": {"command": ["/bin/sh", "-c", there]}} | PATIENCE
    return native


def _mounts(wanted: Wanted, *, init: bool) -> list[dict[str, Any]]:
    read, token = wanted.read, wanted.token
    home = {"name": "home-init" if init else "home-sidecar", "mountPath": HOME}
    login = _read_only(token.volume, token.mount_path)
    mounts = [home, login] if init else [login, home]
    if aws := _aws_mount(wanted):
        mounts.append(_read_only(*aws))
    mounts += secret_mounts(read, wanted.secrets)
    if read.text("agent-extra-secret"):
        mounts.append(_read_only("extra-secrets", "/vault/custom"))
    mounts += _copied(wanted.pod, read.text("agent-copy-volume-mounts"))
    if read.text("agent-configmap"):
        mounts.append(_read_only("vault-config", "/vault/configs"))
    if read.text("tls-secret"):
        mounts.append(_read_only("vault-tls-secrets", "/vault/tls"))
    if wanted.settings.shares_a_cache:
        mounts.append({"name": "vault-agent-cache", "mountPath": CACHE})
    return mounts


def _read_only(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "readOnly": True, "mountPath": path}


def _copied(pod: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the mounts of a container of the pod, without those of service-account tokens."""
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
    return [
        mount
        for container in containers
        if name and container["name"] == name
        for mount in container.get("volumeMounts") or ()
        if "serviceaccount" not in mount["mountPath"].lower()
    ]


def _aws_mount(wanted: Wanted) -> tuple[str, str] | None:
    """Return the mount of the token for AWS, for a login of type aws."""
    if wanted.read.text("auth-type") != "aws":
        return None
    mounts = (
        (mount["name"], mount["mountPath"])
        for container in wanted.pod["spec"]["containers"]
        for mount in container.get("volumeMounts") or ()
    )
    return next((found for found in mounts if "eks.amazonaws.com" in found[1]), None)


def _environment(wanted: Wanted, *, init: bool) -> list[dict[str, Any]]:
    read, settings = wanted.read, wanted.settings
    entries = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in (
            ("NAMESPACE", "metadata.namespace"),
            ("HOST_IP", "status.hostIP"),
            ("POD_IP", "status.podIP"),
        )
    ]
    values = {
        "GOMAXPROCS": read.text("go-max-procs"),
        "VAULT_CLIENT_TIMEOUT": read.text("client-timeout"),
        "VAULT_MAX_RETRIES": read.text("client-max-retries"),
        "VAULT_LOG_LEVEL": read.text("log-level"),
        "VAULT_LOG_FORMAT": read.text("log-format"),
        "HTTPS_PROXY": read.text("proxy-address"),
    }
    if read.text("agent-configmap"):
        values |= {
            "VAULT_ADDR": read.text("service"),
            "VAULT_CACERT": read.text("ca-cert"),
            "VAULT_CAPATH": read.text("ca-key"),
            "VAULT_CLIENT_CERT": read.text("client-cert"),
            "VAULT_CLIENT_KEY": read.text("client-key"),
            "VAULT_SKIP_VERIFY": "true" if settings.tls_skip_verify else "false",
            "VAULT_TLS_SERVER_NAME": read.text("tls-server-name"),
        }
    else:
        values["VAULT_CONFIG"] = _encoded_config(wanted, init=init)
    values["VAULT_CACERT_BYTES"] = _pem(wanted.defaults.vault_cacert_bytes)
    entries += [{"name": name, "value": text} for name, text in values.items() if text]
    if _is_asked_by_socket(wanted):
        entries.append({"name": "INJECTOR_ADDR", "value": f"unix://{SOCKET}"})
    if read.text("auth-type") == "aws":
        entries += _aws_environment(wanted)
    return entries


def _encoded_config(wanted: Wanted, *, init: bool) -> str:
    settings = wanted.settings
    finite(settings.lease_renewal_threshold)
    config = agent_config(
        wanted.read,
        settings,
        wanted.secrets,
        wanted.token,
        init=init,
        exact=wanted.defaults.exact,
    )
    if _is_asked_by_socket(wanted):
        socket = {"type": "unix", "address": SOCKET, "tls_disable": True}
        config["listener"] = [*config.get("listener", ()), socket]
    config = patched(config, wanted.config_patch)
    return base64.b64encode(encoding.dumps(config).encode()).decode()


def _is_asked_by_socket(wanted: Wanted) -> bool:
    return wanted.settings.native_sidecar and not wanted.defaults.shell


def _pem(given: str) -> str:
    """Return certificates that may be given as base64."""
    try:
        return base64.b64decode(given.replace("\r", "").replace("\n", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return given


def _aws_environment(wanted: Wanted) -> list[dict[str, Any]]:
    """Return what the application's containers say of AWS; `valueFrom` is not followed."""
    found: dict[str, str] = {}
    for one in wanted.pod["spec"]["containers"]:
        for entry in one.get("env") or ():
            if entry["name"] in AWS_VARIABLES:
                found.setdefault(entry["name"], entry.get("value", ""))
    pairs = sorted(found.items())
    if "auth-config-region" in wanted.read:
        pairs.append(("AWS_REGION", wanted.read.text("auth-config-region")))
    return [{"name": name} | ({"value": text} if text else {}) for name, text in pairs]


def _resources(read: Annotations) -> dict[str, Any]:
    resources = {}
    for kind in ("limits", "requests"):
        texts = {
            "cpu": read.text(f"agent-{kind}-cpu"),
            "memory": read.text(f"agent-{kind}-mem"),
            "ephemeral-storage": read.text(f"agent-{kind}-ephemeral"),
        }
        amounts = {name: canonical(text) for name, text in texts.items() if text}
        if amounts:
            resources[kind] = amounts
    return resources


def _lifecycle(wanted: Wanted) -> dict[str, Any]:
    """Return the sidecar's hooks: an empty object too, which patches add to.

    The injector revokes its token itself, at SIGTERM: a hook runs while the application does. A
    native sidecar's runs even before it is asked to stop.
    """
    read, settings, exact = wanted.read, wanted.settings, wanted.defaults.exact
    needless = not exact and (settings.native_sidecar or not wanted.defaults.shell)
    if not settings.revoke_on_shutdown or needless:
        return {}
    files = [key for key in ("ca-cert", "client-cert", "client-key") if read.text(key)]
    flags = [f"-address={read.text('service')}", *(f"-{key}={read.text(key)}" for key in files)]
    if not exact:
        flags = list(map(quote, flags))
    revoke = f"/bin/vault token revoke {' '.join([*flags, '-self'])}"
    line = f"/bin/sleep {settings.revoke_grace} && {revoke}"
    if not exact:
        line = f"{OURS} || {{ {line}; }}"
    return {"preStop": {"exec": {"command": ["/bin/sh", "-c", line]}}}


def _security_context(settings: Settings, *, exact: bool) -> dict[str, Any]:
    uid, gid = settings.run_as_user, settings.run_as_group
    context = {
        "capabilities": {"drop": ["ALL"]},
        "runAsUser": uid,
        "runAsGroup": gid,
        "runAsNonRoot": uid != 0 and gid != 0,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
    }
    if not exact:  # without it, PodSecurity `restricted` refuses the pod
        context["seccompProfile"] = {"type": "RuntimeDefault"}
    return context
