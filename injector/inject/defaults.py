"""What the cluster's administrator sets for all pods: vault-k8s' flags, under its names, and ours.

Each field is an option of the defaults file and a variable (`AGENT_INJECT_VAULT_ADDR`, see
`VARIABLES`). An annotation of a pod goes before all of them, even an empty one.
"""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Any, Literal, Self

from msgspec import Meta

from injector.config.model import Block

IMAGE = "vault-injector:0.1.0"
VAULT_K8S_IMAGE = "hashicorp/vault:2.0.4"  # that of vault-k8s 1.7.6
# What an empty flag stands for.
NEVER_EMPTY = {
    "vault_image": IMAGE,
    "vault_auth_type": "kubernetes",
    "run_as_user": "100",
    "run_as_group": "1000",
}
# vault-k8s' own, where ours differ.
_THEIRS: dict[str, Any] = {
    "vault_image": VAULT_K8S_IMAGE,
    "cpu_request": "250m",
    "memory_request": "64Mi",
    "cpu_limit": "500m",
    "exact": True,
}
# A number needs no quotes here: a uid, an amount.
Amount = Annotated[str, Meta(extra={"written": "amount"})]


class Defaults(Block):
    """Defaults of annotations. Amounts are Kubernetes quantities; an empty one is left out."""

    vault_address: Annotated[str, Meta(description="The address of Vault.")] = ""
    vault_cacert_bytes: Annotated[
        str, Meta(description="The CA of its certificate: PEM, or its base64.")
    ] = ""
    vault_namespace: Annotated[str, Meta(description="The namespace of the login.")] = ""
    vault_auth_type: Annotated[str, Meta(description="The method of the login.")] = "kubernetes"
    vault_auth_path: Annotated[str, Meta(description="Its mount path.")] = "auth/kubernetes"
    proxy_address: Annotated[str, Meta(description="A proxy on the way to Vault.")] = ""
    allowed_addresses: Annotated[
        tuple[str, ...],
        Meta(
            description="The other addresses of Vault that a pod may name; empty: any. It keeps a pod's token from a server of somebody else's."
        ),
    ] = ()
    vault_image: Annotated[str, Meta(description="The agent's image.")] = IMAGE
    shell: Annotated[
        bool,
        Meta(
            description="The image has `/bin/sh`. Without it `injector agent` is started alone, and reads `VAULT_CONFIG` itself; then no other agent can be."
        ),
    ] = True
    native_sidecar: Annotated[
        bool, Meta(description="One native sidecar in the place of init container and sidecar.")
    ] = False
    cpu_request: Annotated[Amount, Meta(description="Request of CPU.")] = "10m"
    cpu_limit: Annotated[
        Amount, Meta(description="Limit of CPU: a throttled agent is late, and saves nothing.")
    ] = ""
    memory_request: Annotated[Amount, Meta(description="Request of memory.")] = "80Mi"
    memory_limit: Annotated[Amount, Meta(description="Limit of memory.")] = "128Mi"
    ephemeral_storage_request: Annotated[
        Amount, Meta(description="Request of ephemeral storage.")
    ] = ""
    ephemeral_storage_limit: Annotated[Amount, Meta(description="Limit of ephemeral storage.")] = ""
    run_as_user: Annotated[Amount, Meta(description="The agent's uid.")] = "100"
    run_as_group: Annotated[Amount, Meta(description="The agent's gid.")] = "1000"
    run_as_same_user: Annotated[bool, Meta(description="It takes the application's uid.")] = False
    set_security_context: Annotated[
        bool, Meta(description="It gets a security context; on OpenShift: `false`.")
    ] = True
    token_audience: Annotated[
        str, Meta(description="The audience of the token that is made where a pod has none.")
    ] = "vault"  # noqa: S105 - an audience is public
    revoke_on_shutdown: Annotated[
        bool, Meta(description="The agent revokes its token when it is stopped.")
    ] = False
    default_template: Annotated[
        Literal["map", "json"], Meta(description="How a secret without a template is written.")
    ] = "map"
    template_config_exit_on_retry_failure: Annotated[
        bool, Meta(description="A secret that stays away ends the container.")
    ] = True
    template_static_secret_render_interval: Annotated[
        str, Meta(description="How often key-value secrets are read; the agent's own.")
    ] = ""
    template_max_connections_per_host: Annotated[
        Amount, Meta(description="Connections to Vault; 0: the agent's own.")
    ] = "0"
    template_lease_renewal_threshold: Annotated[
        Amount,
        Meta(
            description="The share of a lease's life after which it is renewed; 0: the agent's own."
        ),
    ] = "0"
    auth_min_backoff: Annotated[
        str, Meta(description="The first wait after a failed login; the agent's own.")
    ] = ""
    auth_max_backoff: Annotated[str, Meta(description="The longest; the agent's own.")] = ""
    disable_idle_connections: Annotated[
        str, Meta(description="Is written to the agent's configuration; the injector ignores it.")
    ] = ""
    disable_keep_alives: Annotated[
        str, Meta(description="Is written to the agent's configuration; the injector ignores it.")
    ] = ""
    image: Annotated[str, Meta(description="Of our own annotations: the injector's image.")] = IMAGE
    mode: Annotated[
        Literal["auto", "native", "init", "sidecar", "init+sidecar"],
        Meta(description="Of our own annotations: see `mode` there."),
    ] = "auto"
    role: Annotated[
        str,
        Meta(
            description="Of our own annotations: the role of the login; `{namespace}` and `{service_account}` are the pod's."
        ),
    ] = "{service_account}"
    run_as: Annotated[
        Amount,
        Meta(description="Of our own annotations: see `run-as` there; on OpenShift: `unset`."),
    ] = "same"
    exact: Annotated[
        bool,
        Meta(
            description="The patch of vault-k8s 1.7.6 to the byte, with its defaults and its bugs, for a migration that changes nothing but the webhook."
        ),
    ] = False

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Return the defaults with what is given; with `exact`, all others are vault-k8s' own."""
        return cls(**(_THEIRS | given if given.get("exact") else given))

    @classmethod
    def of_vault_k8s(cls, **given: Any) -> Self:
        """Return vault-k8s' own defaults, with its patch, apart from what is given."""
        return cls.of(**({"exact": True} | given))

    def allows(self, address: str) -> bool:
        """Return whether a pod may name this address of Vault."""
        allowed = {self.vault_address, *self.allowed_addresses}
        return not self.allowed_addresses or address.rstrip("/") in {a.rstrip("/") for a in allowed}

    def text(self, field: str) -> str:
        """Return a default as the text of an annotation."""
        value = getattr(self, field)
        if value == "" and field in NEVER_EMPTY:
            return VAULT_K8S_IMAGE if field == "vault_image" and self.exact else NEVER_EMPTY[field]
        return value if isinstance(value, str) else str(value).lower()


# The variables whose name is not AGENT_INJECT_ and the field's.
_OTHERWISE = {
    "vault_address": "VAULT_ADDR",
    "proxy_address": "PROXY_ADDR",
    "memory_request": "MEM_REQUEST",
    "memory_limit": "MEM_LIMIT",
    "ephemeral_storage_request": "EPHEMERAL_REQUEST",
    "ephemeral_storage_limit": "EPHEMERAL_LIMIT",
}
# These have no variable: they are ours, and come from the file.
_OURS = ("allowed_addresses", "shell", "image", "mode", "role", "run_as", "exact")
VARIABLES = {
    field: f"AGENT_INJECT_{_OTHERWISE.get(field, field.upper())}"
    for field in Defaults.__struct_fields__
    if field not in _OURS
}
