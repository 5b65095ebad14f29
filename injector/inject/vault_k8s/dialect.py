"""From a pod and the cluster's defaults to a patch, or to every reason why there is none."""

import json
from collections.abc import Mapping
from typing import Any

from injector.inject import nodes
from injector.inject.annotation import Takes
from injector.inject.defaults import Defaults
from injector.inject.go import values
from injector.inject.go.quantity import canonical
from injector.inject.outcome import Outcome, Problem, Problems, refused
from injector.inject.shape import annotations, objection
from injector.inject.unknown import warnings_of
from injector.inject.vault_k8s.annotations import ALL, OPENBAO_PREFIX, PREFIX, row_of
from injector.inject.vault_k8s.containers import Wanted
from injector.inject.vault_k8s.pod_patch import INJECTED, patch
from injector.inject.vault_k8s.reading import Annotations, of_pod
from injector.inject.vault_k8s.secrets import secrets_of
from injector.inject.vault_k8s.settings import RUN_AS, SECURITY_CONTEXT, patches_of, settings_of
from injector.inject.vault_k8s.token import token_mount

CONFIG_PATCH = "vault-injector/config-patch"
SYSTEM_NAMESPACES = ("kube-system", "kube-public")
# vault-k8s' names of its steps, which are in its messages.
DECISION = "error checking if should inject agent"
NAMESPACE = "error with request namespace"
DEFAULTS = "error adding default annotations"
READING = "error creating new agent sidecar"
VALIDATION = "error validating agent configuration"
PATCH = "error creating patch for agent"


def inject(pod: Mapping[str, Any], namespace: str, defaults: Defaults) -> Outcome:
    """Return what becomes of a pod that is created in a namespace.

    A pure function: the same pod gets the same patch, in which there are only additions, and a pod
    that has been injected is left alone.
    """
    if wrong := objection(pod):
        return _refused([Problem(DECISION, f"this is no pod: {wrong}")], defaults)
    given = of_pod(pod)
    try:
        if reason := _left_alone(pod, given):
            return Outcome(reason)
    except ValueError as exc:
        text = given["agent-inject"]
        said = str(exc) if defaults.exact else f"expected true or false, got '{text}'"
        theirs = f"{OPENBAO_PREFIX}agent-inject"
        name = theirs if theirs in annotations(pod) else f"{PREFIX}agent-inject"
        return _refused([Problem(DECISION, said, name)], defaults)
    if namespace in SYSTEM_NAMESPACES:
        return _in_a_system_namespace(namespace, defaults)
    return _injected(pod, namespace, given, defaults)


def _left_alone(pod: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """Return why a pod is left as it is; empty if it is not. Raises ValueError as `boolean`."""
    if not values.boolean(given.get("agent-inject", "")):
        return "no annotation asks for it"
    if (pod.get("status") or {}).get("phase", "") not in ("", "Pending"):
        return "the pod is running"
    return "it has been injected" if given.get("agent-inject-status") == INJECTED else ""


def _in_a_system_namespace(namespace: str, defaults: Defaults) -> Outcome:
    text = f"cannot inject into system namespaces: {namespace}"
    if defaults.exact:
        return _refused([Problem(NAMESPACE, text)], defaults)
    # A refusal could keep a part of the cluster from starting.
    return Outcome("system namespace", warnings=(f"vault-injector {text}",))


def _injected(
    pod: Mapping[str, Any], namespace: str, given: Mapping[str, str], defaults: Defaults
) -> Outcome:
    exact = defaults.exact
    read = Annotations(given, pod, defaults, namespace)
    problems = read.problems
    problems.stage = DEFAULTS
    _check_defaults(read, namespace, defaults)
    patches = patches_of(read)
    problems.stage = READING
    token = token_mount(read, pod, audience=defaults.token_audience, exact=exact)
    secrets = secrets_of(read)
    settings = settings_of(read, pod, exact=exact)
    problems.stage = VALIDATION
    _validate(read, defaults)
    problems.stage = PATCH
    if not exact:
        _check_amounts(read)
    over = {} if exact else _config_patch(pod, problems, defaults)
    wanted = Wanted(pod, read, settings, secrets, token, patches, defaults, over)
    operations = []
    if not problems:
        try:
            operations = patch(wanted)
        except ValueError as exc:
            problems.add(str(exc))
    unknown = [] if exact else [key for key in sorted(given) if row_of(key) is None]
    warnings = tuple(warnings_of(unknown, [*ALL], read.spelled))
    if problems:
        return _refused(problems.found, defaults, warnings)
    return Outcome("injected", operations, warnings=warnings)


def _config_patch(
    pod: Mapping[str, Any], problems: Problems, defaults: Defaults
) -> Mapping[str, Any]:
    """Return the merge patch of the configuration, which is an annotation of ours."""
    text = annotations(pod).get(CONFIG_PATCH, "")
    try:
        over = (nodes.parsed(text) if text.strip() else None) or {}
        if not isinstance(over, dict) or not all(isinstance(key, str) for key in over):
            raise ValueError("expected YAML with keys and values")
        json.dumps(over, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as exc:
        problems.add(str(exc), CONFIG_PATCH)
        return {}
    vault = over.get("vault")
    address = vault.get("address") if isinstance(vault, dict) else None
    if address is not None and not defaults.allows(str(address)):
        problems.add(f"{address} is not allowed here", CONFIG_PATCH)
    return over


def _check_defaults(read: Annotations, namespace: str, defaults: Defaults) -> None:
    for text, value in (
        # A pod may name its own address, which vault-k8s does not look at here.
        ("address for Vault required", defaults.vault_address or not defaults.exact),
        ("Vault Auth Path required", defaults.vault_auth_path),
        ("kubernetes namespace required", namespace),
    ):
        if not value:
            read.problem(text)
    asked_for = any(key in read.given for key in RUN_AS)
    if not defaults.set_security_context and SECURITY_CONTEXT not in read.given and asked_for:
        read.set(SECURITY_CONTEXT, "true")
    for key, name in (("auth-min-backoff", "min"), ("auth-max-backoff", "max")):
        if not read.given.get(key):
            continue
        try:
            values.check_duration(read.given[key])
        except ValueError as exc:
            said = f"error parsing {name} backoff as duration: {exc}"
            if not defaults.exact:
                said = f"expected a duration such as 5s or 1m30s, got '{read.given[key]}'"
            read.problem(said, key)


def _check_amounts(read: Annotations) -> None:
    """Note wrong amounts beside other problems; vault-k8s gets to them last, one by one."""
    for key, row in ALL.items():
        if row.takes is Takes.QUANTITY and read.text(key):
            try:
                canonical(read.text(key))
            except ValueError:
                said = f"expected an amount such as 250m, 0.5 or 64Mi, got '{read.text(key)}'"
                read.problem(said, key)


def _validate(read: Annotations, defaults: Defaults) -> None:
    if not read.text("agent-request-namespace"):
        read.problem("namespace missing from request", "agent-request-namespace")
    if not read.text("agent-image"):
        read.problem("no Vault image found", "agent-image")
    if not defaults.allows(read.text("service")):
        allowed = ", ".join(sorted({defaults.vault_address, *defaults.allowed_addresses} - {""}))
        read.problem(f"{read.text('service')} is not allowed here; allowed: {allowed}", "service")
    if read.text("agent-configmap"):
        return
    if not read.text("auth-type"):
        read.problem("no Vault Auth Type found", "auth-type")
    role = read.text("role") or read.text("auth-config-role")
    if read.text("auth-type") == "kubernetes" and not role:
        read.problem("no Vault role found", "role")
    if not read.text("auth-path"):
        read.problem("no Vault Auth Path found", "auth-path")
    if not read.text("service"):
        read.problem("no Vault address found", "service")


def asks(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod asks for an injection, or tries to."""
    try:
        return values.boolean(of_pod(pod).get("agent-inject", ""))
    except ValueError:
        return True


def _refused(
    problems: list[Problem], defaults: Defaults, warnings: tuple[str, ...] = ()
) -> Outcome:
    if not defaults.exact:
        return refused(problems, warnings)
    message = f"{problems[0].stage}: {problems[0].text}"
    return Outcome("refused", problems=tuple(problems), message=message, warnings=warnings)
