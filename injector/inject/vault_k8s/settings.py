"""The annotations that are no secrets, read and checked in vault-k8s' order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from injector.inject.go import json_patch, values
from injector.inject.go.json_patch import Operation
from injector.inject.vault_k8s.reading import Annotations
from injector.inject.vault_k8s.secrets import DEFAULT_TEMPLATES

SECURITY_CONTEXT = "agent-set-security-context"
RUN_AS = ("agent-run-as-user", "agent-run-as-group", "agent-run-as-same-user")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the annotations of one pod say, apart from its secrets."""

    init_first: bool
    pre_populate: bool
    pre_populate_only: bool
    native_sidecar: bool
    revoke_on_shutdown: bool
    revoke_grace: int  # seconds
    tls_skip_verify: bool
    run_as_user: int
    run_as_group: int
    share_process_namespace: bool | None
    set_security_context: bool
    cache_enable: bool
    cache_exit_on_err: bool
    default_template: str
    inject_token: bool
    exit_on_retry_failure: bool
    max_connections_per_host: int
    lease_renewal_threshold: float
    enable_quit: bool
    exit_on_err: bool

    @property
    def has_init(self) -> bool:
        return self.pre_populate and not self.native_sidecar

    @property
    def has_sidecar(self) -> bool:
        return not self.pre_populate_only or self.native_sidecar

    @property
    def shares_a_cache(self) -> bool:
        """Return whether the sidecar goes on with what the init container leaves."""
        return self.cache_enable and self.has_init and self.has_sidecar


def settings_of(read: Annotations, pod: Mapping[str, Any], *, exact: bool) -> Settings:
    """Read everything; problems are noted in the order in which vault-k8s would stop at them."""
    read.flag("agent-inject")
    init_first = read.flag("agent-init-first")
    pre_populate = read.flag("agent-pre-populate", default=True)
    pre_populate_only = read.flag("agent-pre-populate-only")
    revoke_on_shutdown = read.flag("agent-revoke-on-shutdown")
    revoke_grace = read.unsigned("agent-revoke-grace")
    tls_skip_verify = read.flag("tls-skip-verify")
    uid, gid = _run_as(read, pod, exact=exact)
    return Settings(
        init_first=init_first,
        pre_populate=pre_populate,
        pre_populate_only=pre_populate_only,
        native_sidecar=not exact and read.flag("agent-native-sidecar"),
        revoke_on_shutdown=revoke_on_shutdown,
        revoke_grace=revoke_grace,
        tls_skip_verify=tls_skip_verify,
        run_as_user=uid,
        run_as_group=gid,
        share_process_namespace=_share_process_namespace(read, pod, exact=exact),
        set_security_context=read.flag(SECURITY_CONTEXT, default=True),
        cache_enable=read.flag("agent-cache-enable"),
        cache_exit_on_err=read.flag("agent-cache-exit-on-err"),
        default_template=_default_template(read, exact=exact),
        inject_token=read.flag("agent-inject-token"),
        exit_on_retry_failure=read.flag("template-config-exit-on-retry-failure", default=True),
        max_connections_per_host=read.integer("template-max-connections-per-host"),
        lease_renewal_threshold=read.real("template-lease-renewal-threshold"),
        enable_quit=read.flag("agent-enable-quit"),
        exit_on_err=read.flag("agent-auto-auth-exit-on-err"),
    )


def _share_process_namespace(
    read: Annotations, pod: Mapping[str, Any], *, exact: bool
) -> bool | None:
    key = "agent-share-process-namespace"
    if key not in read:
        return None
    try:
        shares = values.boolean(read.text(key))
    except ValueError as exc:
        name = read.spelled(key)
        said = f'invalid value {read.text(key)} for annotation "{name}", err={exc}'
        read.problem(said if exact else f"expected true or false, got '{read.text(key)}'", key)
        return None
    said = pod["spec"].get("shareProcessNamespace")
    if said and not exact:
        return None  # there is nothing to add, and nothing is taken away
    if shares and said is False:
        read.problem(
            "shareProcessNamespace explicitly disabled on the pod, refusing to enable it", key
        )
    return shares


def _default_template(read: Annotations, *, exact: bool) -> str:
    key = "agent-inject-default-template"
    kind = read.text(key).lower()
    if kind in DEFAULT_TEMPLATES:
        return kind
    said = f"invalid default template type: {kind}"
    read.problem(said if exact else f"expected map or json, got '{kind}'", key)
    return next(iter(DEFAULT_TEMPLATES))


def _run_as(read: Annotations, pod: Mapping[str, Any], *, exact: bool) -> tuple[int, int]:
    user, group, same = RUN_AS
    uid, gid = read.integer(user), read.integer(group)
    if not exact:
        for key in (user, group):
            if not read.text(key):  # with vault-k8s it means root, which nobody means
                read.problem("is empty: name a number, or remove the annotation", key)
    if not read.flag(same):
        return uid, gid
    found, complaint = _uid_of_the_first(pod) if exact else _uid_of_the_application(read, pod)
    if complaint:
        read.problem(complaint, same)
    return (uid if found is None else found), gid


def _uid_of_the_first(pod: Mapping[str, Any]) -> tuple[int | None, str]:
    context = pod["spec"]["containers"][0].get("securityContext")
    if context is None:
        return None, "No SecurityContext found for Container 0"
    if (uid := context.get("runAsUser")) is None:
        return None, "RunAsUser is nil for Container 0's SecurityContext"
    return uid, "" if uid else "container not allowed to run as root"


def _uid_of_the_application(read: Annotations, pod: Mapping[str, Any]) -> tuple[int | None, str]:
    """Return the uid of the first container that gets the files: its own, or the pod's."""
    wanted = read.words("agent-inject-containers")
    containers = pod["spec"]["containers"]
    chosen = next((one for one in containers if one["name"] in wanted), containers[0])
    contexts = (pod["spec"].get("securityContext") or {}) | (chosen.get("securityContext") or {})
    if (uid := contexts.get("runAsUser")) is None:
        return None, f"neither container {chosen['name']} nor the pod has securityContext.runAsUser"
    return uid, "" if uid else "container not allowed to run as root"


def patches_of(read: Annotations) -> dict[str, list[Operation]]:
    """Return the JSON patches of both containers, by annotation."""
    patches = {}
    for key in ("agent-json-patch", "agent-init-json-patch"):
        if not read.text(key):
            continue
        try:
            patches[key] = json_patch.decode(read.text(key))
        except ValueError as exc:
            name = read.spelled(key)
            read.problem(f"error parsing JSON patch for annotation {name}: {exc}", key)
    return patches
