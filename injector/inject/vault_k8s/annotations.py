"""vault-k8s' annotations, one row each: what they are called, what they take, what they do.

The parser, docs/webhook.md and the tests come from these rows. `says` is for people.
"""

# ruff: noqa: E501 - a row stays on its line

from injector.inject.annotation import Annotation, Takes

# The second goes before the first where a pod has both.
PREFIX, OPENBAO_PREFIX = "vault.hashicorp.com/", "openbao.org/"


_B, _W, _N, _D = Takes.BOOLEAN, Takes.WHOLE, Takes.NUMBER, Takes.DURATION
_Q, _T, _L, _G, _P = Takes.QUANTITY, Takes.TEXT, Takes.LIST, Takes.TEMPLATE, Takes.PATCH
_A = Annotation

# By the heading under which docs/webhook.md lists them.
TABLE: dict[str, tuple[Annotation, ...]] = {
    "Whether, and where": (
        _A("agent-inject", _B, "injects into this pod; the only switch"),
        _A("agent-inject-status", _T, "`injected`: leaves the pod alone. The webhook sets it"),
        _A("agent-request-namespace", _T, "has no effect, but may not be empty"),
        _A("agent-pre-populate", _B, "adds the init container", "true"),
        _A("agent-pre-populate-only", _B, "adds no sidecar", "false"),
        _A("agent-init-first", _B, "puts the init container before all others", "false"),
        _A("agent-native-sidecar", _B, "adds one native sidecar in the place of init container and sidecar", flag="native_sidecar"),
        _A("agent-inject-containers", _L, "the containers that get the files; init containers always get them"),
        _A("agent-share-process-namespace", _B, "sets `shareProcessNamespace` of the pod"),
        _A("agent-copy-volume-mounts", _T, "mounts what this container mounts, apart from service-account tokens"),
        _A("agent-json-patch", _P, "is applied to the sidecar"),
        _A("agent-init-json-patch", _P, "is applied to the init container"),
    ),
    "Secrets": (
        _A("agent-inject-secret-", _T, "the path of a secret, for the default template"),
        _A("agent-inject-template-", _G, "the template"),
        _A("agent-inject-template-file-", _T, "a file with the template, in the agent's container"),
        _A("agent-inject-file-", _T, "the name of the file; without it NAME, in lower case"),
        _A("agent-inject-perms-", _T, "the mode of the file"),
        _A("agent-inject-command-", _T, "is run when the file has changed, in both containers"),
        _A("agent-template-left-delim-", _T, "the template's left delimiter", "{{"),
        _A("agent-template-right-delim-", _T, "the template's right delimiter", "}}"),
        _A("error-on-missing-key-", _B, "a missing key is an error", "false"),
        _A("secret-volume-path", _T, "the directory of the files", "/vault/secrets"),
        _A("secret-volume-path-", _T, "the directory of this file: a volume of its own"),
        _A("preserve-secret-case", _B, "keeps the case of NAME in the file's name", "false"),
        _A("preserve-secret-case-", _B, "the same, for one file"),
        _A("agent-inject-default-template", _T, "`map` or `json`", flag="default_template"),
        _A("agent-inject-token", _B, "writes the token to the file `token`", "false"),
    ),
    "The containers": (
        _A("agent-image", _T, "the image of both", flag="vault_image"),
        _A("agent-limits-cpu", _Q, "limit of CPU", flag="cpu_limit"),
        _A("agent-limits-mem", _Q, "limit of memory", flag="memory_limit"),
        _A("agent-limits-ephemeral", _Q, "limit of ephemeral storage", flag="ephemeral_storage_limit"),
        _A("agent-requests-cpu", _Q, "request of CPU", flag="cpu_request"),
        _A("agent-requests-mem", _Q, "request of memory", flag="memory_request"),
        _A("agent-requests-ephemeral", _Q, "request of ephemeral storage", flag="ephemeral_storage_request"),
        _A("agent-run-as-user", _W, "uid of both", flag="run_as_user"),
        _A("agent-run-as-group", _W, "gid of both", flag="run_as_group"),
        _A("agent-run-as-same-user", _B, "takes the application's uid", flag="run_as_same_user"),
        _A("agent-set-security-context", _B, "sets a security context", flag="set_security_context"),
        _A("agent-service-account-token-volume-name", _T, "a projected volume with the token for the login", ""),
        _A("agent-configmap", _T, "a ConfigMap with `config-init.hcl` and `config.hcl`, in the place of a configuration made from annotations"),
        _A("agent-extra-secret", _T, "a Secret, mounted at `/vault/custom`"),
        _A("agent-revoke-on-shutdown", _B, "revokes the token when the pod is stopped", flag="revoke_on_shutdown"),
        _A("agent-revoke-grace", _W, "seconds before that, of the peer's agent only", "5"),
        _A("go-max-procs", _W, "`GOMAXPROCS`: of the peer's agent only"),
        _A("log-level", _T, "`VAULT_LOG_LEVEL`", "info"),
        _A("log-format", _T, "`VAULT_LOG_FORMAT`", "standard"),
    ),
    "The connection to Vault": (
        _A("service", _T, "Vault's address", flag="vault_address"),
        _A("namespace", _T, "the namespace of the login", flag="vault_namespace"),
        _A("proxy-address", _T, "`HTTPS_PROXY`", flag="proxy_address"),
        _A("tls-skip-verify", _B, "does not verify Vault's certificate", "false"),
        _A("tls-secret", _T, "a Secret, mounted at `/vault/tls`"),
        _A("tls-server-name", _T, "the name in Vault's certificate"),
        _A("ca-cert", _T, "a file with the CA of Vault's certificate"),
        _A("ca-key", _T, "a directory with such files: vault-k8s calls `ca_path` so"),
        _A("client-cert", _T, "a file with the client's certificate"),
        _A("client-key", _T, "a file with its key"),
        _A("client-max-retries", _W, "`VAULT_MAX_RETRIES`"),
        _A("client-timeout", _D, "`VAULT_CLIENT_TIMEOUT`"),
    ),
    "The login": (
        _A("auth-type", _T, "the method", flag="vault_auth_type"),
        _A("auth-path", _T, "its mount path", flag="vault_auth_path"),
        _A("role", _T, "the role"),
        _A("auth-config-", _T, "an option of the method, with `-` for `_`"),
        _A("auth-min-backoff", _D, "the first wait after a failed login", flag="auth_min_backoff"),
        _A("auth-max-backoff", _D, "the longest", flag="auth_max_backoff"),
        _A("agent-auto-auth-exit-on-err", _B, "a refused login ends the container", "false"),
    ),
    "Listener, cache and templates in general": (
        _A("agent-cache-enable", _B, "adds a listener; init container and sidecar share one login", "false"),
        _A("agent-cache-use-auto-auth-token", _T, "`true`, `false` or `force`", "true"),
        _A("agent-cache-listener-port", _W, "its port", "8200"),
        _A("agent-cache-exit-on-err", _B, "a cache that cannot be restored ends the container", "false"),
        _A("agent-enable-quit", _B, "allows `POST /agent/v1/quit`", "false"),
        _A("agent-disable-idle-connections", _L, "has no effect: idle connections are closed after 30 s", flag="disable_idle_connections"),
        _A("agent-disable-keep-alives", _L, "has no effect: connections are kept alive", flag="disable_keep_alives"),
        _A("agent-telemetry-", _T, "has no effect: `/agent/v1/metrics` has the metrics"),
        _A("template-config-exit-on-retry-failure", _B, "a secret that stays away ends the container", flag="template_config_exit_on_retry_failure"),
        _A("template-static-secret-render-interval", _D, "how often key-value secrets are read", flag="template_static_secret_render_interval"),
        _A("template-max-connections-per-host", _W, "connections to Vault", flag="template_max_connections_per_host"),
        _A("template-lease-renewal-threshold", _N, "the share of a lease's life after which it is renewed", flag="template_lease_renewal_threshold"),
    ),
}  # fmt: skip

ALL = {row.key: row for rows in TABLE.values() for row in rows}
# Longest first: `agent-inject-template-file-x` is no `agent-inject-template-` of `file-x`.
FAMILIES = sorted((key for key in ALL if key.endswith("-")), key=len, reverse=True)


def row_of(key: str) -> Annotation | None:
    """Return the row of an annotation, by its key without the prefix."""
    if key in ALL:
        return ALL[key]
    return next((ALL[family] for family in FAMILIES if key.startswith(family)), None)
