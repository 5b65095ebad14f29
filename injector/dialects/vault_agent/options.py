"""Every option of Vault Agent and OpenBao Agent: its type, and what happens to it here.

One row per option; docs/vault-agent.md shows the same rows. `says` is for people.
"""

# ruff: noqa: E501, RUF001 - a row stays on its line

from injector.dialects.vault_agent.row import Row, Support, ValueType

DONE, NEEDLESS, WARNED, REFUSED = Support.DONE, Support.NEEDLESS, Support.WARNED, Support.REFUSED
VAULT, OPENBAO = "Vault", "OpenBao"

# In these blocks, unknown options are errors in the agents too; elsewhere they are ignored.
STRICT = frozenset(("template", "template.exec", "template.wait", "env_template", "exec"))

# Our block for each block of the agents.
NATIVE = {
    "": "",
    "vault": "vault",
    "auto_auth": "auto_auth",
    "auto_auth.method": "auto_auth.method",
    "auto_auth.sink": "auto_auth.sinks[]",
    "auto_auth.sink.config": "auto_auth.sinks[].config",
    "template": "template[]",
    "template.wait": "template[].wait",
    "env_template": "env_template[]",
    "exec": "exec",
    "template_config": "template_config",
    "listener": "listener[]",
    "listener.agent_api": "listener[].agent_api",
    "cache": "cache",
}

_NOT_PROXIED = "requests are forwarded unchanged"
_SERVER_ONLY = "has no effect in an agent"
_NOT_SENT = "nothing is sent; Prometheus can read the same metrics at /agent/v1/metrics"
_NO_REDIALLING = "idle connections are always kept for 30 s"

# fmt: off
OPTIONS: dict[str, tuple[Row, ...]] = {
    "": (
        Row("vault", ValueType.BLOCK, DONE, "vault"),
        Row("auto_auth", ValueType.BLOCK, DONE, "auto_auth", says="required"),
        Row("template", ValueType.BLOCKS, DONE, "template"),
        Row("env_template", ValueType.BLOCKS, DONE, "env_template", label="name"),
        Row("exec", ValueType.BLOCK, DONE, "exec"),
        Row("template_config", ValueType.BLOCK, DONE, "template_config"),
        Row("listener", ValueType.BLOCKS, DONE, "listener", label="type"),
        Row("cache", ValueType.BLOCK, DONE, "cache", "answers are not cached: each request goes to Vault"),
        Row("api_proxy", ValueType.BLOCK, DONE, says="listeners forward requests to Vault with or without it"),
        Row("telemetry", ValueType.BLOCK, DONE),
        Row("pid_file", ValueType.PATH, DONE, "pid_file"),
        Row("exit_after_auth", ValueType.BOOLEAN, DONE, "exit_after_auth", "exits once every file and sink is in place", "false"),
        Row("log_level", ValueType.LEVEL, DONE, "log_level", default="info"),
        Row("log_format", ValueType.TEXT, DONE, "log_format", default="standard"),
        Row("log_file", ValueType.TEXT, DONE, "log_file", "for a directory, `agent.log` in it; a name without an extension gets `.log`; the directory is created"),
        Row("log_rotate_bytes", ValueType.WHOLE, DONE, "log_rotate_bytes", default="0"),
        Row("log_rotate_duration", ValueType.DURATION, DONE, "log_rotate_duration", default="24h"),
        Row("log_rotate_max_files", ValueType.WHOLE, DONE, "log_rotate_max_files", default="0"),
        Row("disable_idle_connections", ValueType.TEXTS, WARNED, says=_NO_REDIALLING),
        Row("disable_keep_alives", ValueType.TEXTS, WARNED, says=_NO_REDIALLING),
        Row("disable_mlock", ValueType.BOOLEAN, NEEDLESS, says=_SERVER_ONLY),
        Row("cluster_name", ValueType.TEXT, NEEDLESS, says=_SERVER_ONLY),
        Row("default_max_request_duration", ValueType.DURATION, NEEDLESS, says=_SERVER_ONLY),
        Row("user_lockout", ValueType.BLOCKS, NEEDLESS, says=_SERVER_ONLY),
        Row("seal", ValueType.BLOCKS, NEEDLESS, says=_SERVER_ONLY),
        Row("pki_external_ca", ValueType.BLOCKS, REFUSED, says="a feature of Vault Enterprise; use `pki/issue/…` in a template, or an ACME client", of=VAULT),
        Row("tpm_cert", ValueType.BLOCKS, REFUSED, says="a feature of Vault Enterprise", of=VAULT),
    ),
    "vault": (
        Row("address", ValueType.TEXT, DONE, "address", "`VAULT_ADDR` or `BAO_ADDR` overrides it, as in the agents", "https://127.0.0.1:8200"),
        Row("ca_cert", ValueType.PATH, DONE, "ca_cert"),
        Row("ca_path", ValueType.PATH, DONE, "ca_path"),
        Row("client_cert", ValueType.PATH, DONE, "client_cert"),
        Row("client_key", ValueType.PATH, DONE, "client_key"),
        Row("tls_skip_verify", ValueType.BOOLEAN, DONE, "tls_skip_verify", default="false"),
        Row("tls_server_name", ValueType.TEXT, DONE, "tls_server_name"),
        Row("namespace", ValueType.TEXT, DONE, "namespace", of=VAULT),
        Row("retry", ValueType.BLOCK, DONE),
    ),
    "vault.retry": (
        Row("num_retries", ValueType.WHOLE, DONE, ".template_config.exit_on_retry_failure_after", "failures are retried forever, separately for each secret; with `exit_on_retry_failure`, a refused one for as long as so many retries take", "12"),
    ),
    "auto_auth": (
        Row("method", ValueType.BLOCK, DONE, "method", label="type"),
        Row("sink", ValueType.BLOCKS, DONE, "sinks", label="type"),
        Row("sinks", ValueType.BLOCKS, DONE, "sinks", label="type", says="some generators write this instead of `sink`"),
        Row("enable_reauth_on_new_credentials", ValueType.BOOLEAN, NEEDLESS, says="a failed login is always retried at once when its files change", default="false"),
    ),
    "auto_auth.method": (
        Row("type", ValueType.TEXT, DONE, "type", "approle, cert, jwt, kubernetes or token_file"),
        Row("mount_path", ValueType.TEXT, DONE, "mount_path", default="auth/TYPE"),
        Row("namespace", ValueType.TEXT, DONE, "namespace", "also used for the templates, unless `VAULT_NAMESPACE` is set"),
        Row("min_backoff", ValueType.DURATION, DONE, "min_backoff", default="1s"),
        Row("max_backoff", ValueType.DURATION, DONE, "max_backoff", default="5m"),
        Row("exit_on_err", ValueType.BOOLEAN, DONE, "exit_on_err", default="false"),
        Row("wrap_ttl", ValueType.DURATION, REFUSED, says="templates need a token that is not wrapped; set wrap_ttl on the sink"),
        Row("lease_renewal_threshold", ValueType.NUMBER, WARNED, says="the token is renewed at 0.60 to 0.75 of its life", of=VAULT),
        Row("config", ValueType.MERGED, DONE, "config"),
    ),
    "auto_auth.method.config(approle)": (
        Row("role_id_file_path", ValueType.PATH, DONE, "role_id_file_path"),
        Row("secret_id_file_path", ValueType.PATH, DONE, "secret_id_file_path"),
        Row("remove_secret_id_file_after_reading", ValueType.BOOLEAN, DONE, "remove_secret_id_file_after_reading", "removed only once a login with it has succeeded", "true"),
        Row("secret_id_response_wrapping_path", ValueType.TEXT, DONE, "secret_id_response_wrapping_path" ),
    ),
    "auto_auth.method.config(cert)": (
        Row("name", ValueType.TEXT, DONE, "name"),
        Row("client_cert", ValueType.PATH, DONE, "client_cert"),
        Row("client_key", ValueType.PATH, DONE, "client_key"),
        Row("ca_cert", ValueType.PATH, DONE, ".vault.ca_cert", "used for all requests if `vault` has none"),
        Row("reload", ValueType.BOOLEAN, NEEDLESS, says="the files are always re-read at every login", default="false"),
    ),
    "auto_auth.method.config(jwt)": (
        Row("path", ValueType.PATH, DONE, "path"),
        Row("role", ValueType.TEXT, DONE, "role"),
        Row("remove_jwt_after_reading", ValueType.BOOLEAN, DONE, "remove_jwt_after_reading", "removed only once a login with it has succeeded", "true"),
        Row("remove_jwt_follows_symlinks", ValueType.BOOLEAN, DONE, "remove_jwt_follows_symlinks", default="false"),
        Row("jwt_read_period", ValueType.DURATION, NEEDLESS, says="the file is re-read at every login, and when it changes"),
    ),
    "auto_auth.method.config(kubernetes)": (
        Row("role", ValueType.TEXT, DONE, "role"),
        Row("token_path", ValueType.PATH, DONE, "token_path", default="/var/run/secrets/kubernetes.io/serviceaccount/token"),
    ),
    "auto_auth.method.config(token_file)": (
        Row("token_file_path", ValueType.PATH, DONE, "token_file_path"),
    ),
    "auto_auth.sink": (
        Row("type", ValueType.TEXT, DONE, "type", "file"),
        Row("wrap_ttl", ValueType.DURATION, DONE, "wrap_ttl", default="0"),
        Row("config", ValueType.MERGED, DONE, "config"),
        Row("dh_type", ValueType.TEXT, REFUSED, says="tokens are not encrypted here, because no program is known to read such files; set wrap_ttl instead"),
        Row("dh_path", ValueType.TEXT, REFUSED, says="see dh_type"),
        Row("derive_key", ValueType.BOOLEAN, REFUSED, says="see dh_type", default="false"),
        Row("aad", ValueType.TEXT, REFUSED, says="see dh_type"),
        Row("aad_env_var", ValueType.TEXT, REFUSED, says="see dh_type"),
    ),
    "auto_auth.sink.config": (
        Row("path", ValueType.PATH, DONE, "path"),
        Row("mode", ValueType.MODE, DONE, "mode", "a string is an error, as in the agents", "0640"),
        Row("uid", ValueType.WHOLE, DONE, "uid", default="-1", of=OPENBAO),
        Row("gid", ValueType.WHOLE, DONE, "gid", default="-1", of=OPENBAO),
    ),
    "template": (
        Row("source", ValueType.PATH, DONE, "source"),
        Row("contents", ValueType.TEXT, DONE, "contents"),
        Row("destination", ValueType.PATH, DONE, "destination"),
        Row("create_dest_dirs", ValueType.BOOLEAN, DONE, "create_dest_dirs", default="true"),
        Row("command", ValueType.COMMAND, DONE, "command", "a single string with white space runs in `sh -c`, anything else directly; a string is split at commas, as in the agents"),
        Row("command_timeout", ValueType.DURATION, DONE, ".template[].command_timeout", "`0` means a day; in the agents, no limit", "30s"),
        Row("exec", ValueType.LAST, DONE, "exec", "overrides `command`"),
        Row("error_on_missing_key", ValueType.BOOLEAN, DONE, "error_on_missing_key", "otherwise it is rendered as `<no value>`", "false"),
        Row("error_fatal", ValueType.BOOLEAN, NEEDLESS, says="an error in one template does not affect others; `exit_on_retry_failure` decides whether to exit", default="true"),
        Row("perms", ValueType.OCTAL, DONE, "perms", "without it, an existing file keeps its mode", "0644" ),
        Row("user", ValueType.TEXT, DONE, "user", "without it, root keeps the owner of an existing file where nobody else can create one"),
        Row("group", ValueType.TEXT, DONE, "group", "without it, root keeps the group of an existing file where nobody else can create one"),
        Row("uid", ValueType.WHOLE, DONE, ".template[].user", "older name of `user`"),
        Row("gid", ValueType.WHOLE, DONE, ".template[].group", "older name of `group`"),
        Row("backup", ValueType.BOOLEAN, WARNED, says="no .bak file is kept: it would be another copy of a secret", default="false"),
        Row("left_delimiter", ValueType.TEXT, DONE, "left_delimiter", default="{{"),
        Row("right_delimiter", ValueType.TEXT, DONE, "right_delimiter", default="}}"),
        Row("sandbox_path", ValueType.PATH, DONE, "sandbox_path", "applies to `file` and `writeToFile`", "/"),
        Row("function_denylist", ValueType.TEXTS, DONE, "function_denylist", "a template that uses one of them is rejected"),
        Row("function_blacklist", ValueType.TEXTS, DONE, ".template[].function_denylist", "older name of `function_denylist`"),
        Row("wait", ValueType.LAST, DONE, "wait"),
    ),
    "template.exec": (
        Row("command", ValueType.COMMAND, DONE, ".template[].command", "see `template.command`"),
        Row("timeout", ValueType.DURATION, DONE, ".template[].command_timeout", "see `template.command_timeout`", "30s"),
        Row("enabled", ValueType.BOOLEAN, DONE, says="if false, nothing is run", default="true"),
        Row("splay", ValueType.DURATION, WARNED, says="the command runs at once; use `notify.*.splay` in our own form", default="0"),
        Row("kill_timeout", ValueType.DURATION, NEEDLESS, says="only for supervised commands"),
        Row("kill_signal", ValueType.TEXT, REFUSED, says="the agents reject it here"),
        Row("reload_signal", ValueType.TEXT, REFUSED, says="the agents reject it here"),
        Row("env", ValueType.LAST, REFUSED, says="the agents reject it here"),
    ),
    "template.wait": (
        Row("min", ValueType.DURATION, DONE, "min"),
        Row("max", ValueType.DURATION, DONE, "max", default="4 × min"),
        Row("enabled", ValueType.BOOLEAN, DONE, says="if false, there is no wait", default="true"),
    ),
    "env_template": (
        Row("name", ValueType.TEXT, DONE, "name", "its label"),
        Row("source", ValueType.PATH, DONE, "source"),
        Row("contents", ValueType.TEXT, DONE, "contents"),
        Row("error_on_missing_key", ValueType.BOOLEAN, DONE, "error_on_missing_key", "otherwise it is rendered as `<no value>`", "false"),
        Row("error_fatal", ValueType.BOOLEAN, NEEDLESS, says="see `template.error_fatal`", default="true" ),
        Row("left_delimiter", ValueType.TEXT, DONE, "left_delimiter", default="{{"),
        Row("right_delimiter", ValueType.TEXT, DONE, "right_delimiter", default="}}"),
        Row("function_denylist", ValueType.TEXTS, DONE, "function_denylist", "a template that uses one of them is rejected"),
        Row("function_blacklist", ValueType.TEXTS, DONE, ".env_template[].function_denylist", "older name of `function_denylist`"),
    ),
    "exec": (
        Row("command", ValueType.COMMAND, DONE, "command"),
        Row("restart_on_secret_changes", ValueType.TEXT, DONE, "restart_on_secret_changes", default="always"),
        Row("restart_stop_signal", ValueType.TEXT, DONE, "restart_stop_signal", default="SIGTERM"),
        Row("child_process_stdout", ValueType.TEXT, REFUSED, says='redirect it in a shell: `["sh", "-c", "exec app >>FILE"]`', of=VAULT),
        Row("child_process_stderr", ValueType.TEXT, REFUSED, says="see child_process_stdout", of=VAULT),
    ),
    "template_config": (
        Row("exit_on_retry_failure", ValueType.BOOLEAN, DONE, "exit_on_retry_failure", "exits on errors that waiting will not fix, after the agents' 12 retries (5 minutes) if Vault refuses a secret; others are retried forever", "false"),
        Row("static_secret_render_interval", ValueType.DURATION, DONE, "static_secret_render_interval", "±10 %", "5m"),
        Row("max_connections_per_host", ValueType.WHOLE, DONE, "max_connections_per_host", default="10", of=VAULT),
        Row("lease_renewal_threshold", ValueType.NUMBER, DONE, "lease_renewal_threshold", "applies to renewable leases too, so our default is 0.70; at most 0.95", "0.90", of=VAULT),
    ),
    "listener": (
        Row("type", ValueType.TEXT, DONE, "type", "tcp or unix; its label"),
        Row("address", ValueType.TEXT, DONE, "address", default="127.0.0.1:8200"),
        Row("tls_disable", ValueType.BOOLEAN, DONE, "tls_disable", default="false"),
        Row("tls_cert_file", ValueType.PATH, DONE, "tls_cert_file"),
        Row("tls_key_file", ValueType.PATH, DONE, "tls_key_file"),
        Row("socket_mode", ValueType.OCTAL, DONE, "socket_mode"),
        Row("socket_user", ValueType.TEXT, DONE, "socket_user", "a name or a number"),
        Row("socket_group", ValueType.TEXT, DONE, "socket_group", "a name or a number"),
        Row("agent_api", ValueType.BLOCK, DONE, "agent_api"),
        Row("role", ValueType.TEXT, DONE, says="`metrics_only`: no requests are forwarded", default="default"),
        Row("require_request_header", ValueType.BOOLEAN, DONE, says="requests without `X-Vault-Request: true` get status 412", default="false"),
        Row("tls_min_version", ValueType.TEXT, WARNED, says="always TLS 1.2 or newer"),
        Row("tls_max_version", ValueType.TEXT, WARNED, says="always TLS 1.2 or newer"),
        Row("tls_cipher_suites", ValueType.TEXT, WARNED, says="always OpenSSL's defaults"),
        Row("tls_require_and_verify_client_cert", ValueType.BOOLEAN, REFUSED, says="client certificates are not supported: use a unix socket", default="false"),
        Row("tls_client_ca_file", ValueType.TEXT, REFUSED, says="client certificates are not supported: use a unix socket"),
        Row("proxy_api", ValueType.BLOCK, NEEDLESS, says="for Vault Proxy"),
        Row("telemetry", ValueType.BLOCK, NEEDLESS, says=_SERVER_ONLY),
        Row("profiling", ValueType.BLOCK, NEEDLESS, says=_SERVER_ONLY),
        Row("cluster_address", ValueType.TEXT, NEEDLESS, says=_SERVER_ONLY),
        Row("max_request_size", ValueType.WHOLE, NEEDLESS, says=_SERVER_ONLY),
        Row("max_request_duration", ValueType.DURATION, NEEDLESS, says=_SERVER_ONLY),
    ),
    "listener.agent_api": (
        Row("enable_quit", ValueType.BOOLEAN, DONE, "enable_quit", "`POST /agent/v1/quit`", "false"),
    ),
    "cache": (
        Row("use_auto_auth_token", ValueType.FORCE, DONE, says="see `api_proxy`", default="false"),
        Row("persist", ValueType.BLOCK, DONE, "persist", label="type"),
        Row("enforce_consistency", ValueType.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("when_inconsistent", ValueType.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
    ),
    "cache.persist": (
        Row("type", ValueType.TEXT, DONE, says="kubernetes; its label"),
        Row("path", ValueType.PATH, DONE, ".cache.persist.path", "directory of the hand-over file, if it is in memory; on a disk, nothing is handed over"),
        Row("keep_after_import", ValueType.BOOLEAN, NEEDLESS, says="the file is always kept, and kept up to date", default="false"),
        Row("exit_on_err", ValueType.BOOLEAN, WARNED, says="a file that cannot be used is ignored with a warning", default="false"),
        Row("service_account_token_file", ValueType.PATH, NEEDLESS, says="the file is protected by its mode, and is in memory"),
    ),
    "api_proxy": (
        Row("use_auto_auth_token", ValueType.FORCE, DONE, says="requests without a token get that of auto_auth; with `force`, all do", default="false"),
        Row("enforce_consistency", ValueType.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("when_inconsistent", ValueType.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("prepend_configured_namespace", ValueType.BOOLEAN, REFUSED, says="requests are forwarded with the namespace that they specify", default="false", of=VAULT),
    ),
    "telemetry": (
        Row("prometheus_retention_time", ValueType.DURATION, NEEDLESS, says="metrics never expire", default="24h"),
        Row("disable_hostname", ValueType.BOOLEAN, NEEDLESS, says="names never contain the host", default="false"),
        Row("enable_hostname_label", ValueType.BOOLEAN, WARNED, says="Prometheus adds its own label for the host", default="false"),
        Row("metrics_prefix", ValueType.TEXT, WARNED, says="names begin with `injector_`"),
        Row("usage_gauge_period", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("maximum_gauge_cardinality", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("lease_metrics_epsilon", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("num_lease_metrics_buckets", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("add_lease_metrics_namespace_labels", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("add_mount_point_rollback_metrics", ValueType.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("filter_default", ValueType.ANY, WARNED, says="nothing is filtered"),
        Row("prefix_filter", ValueType.ANY, WARNED, says="nothing is filtered"),
        *(
            Row(name, ValueType.ANY, WARNED, says=_NOT_SENT)
            for name in (
                *("statsite_address", "statsd_address", "dogstatsd_addr", "dogstatsd_tags"),
                *("stackdriver_project_id", "stackdriver_location", "stackdriver_namespace"),
                *("stackdriver_debug_logs", "circonus_api_token", "circonus_api_app"),
                *("circonus_api_url", "circonus_submission_interval", "circonus_submission_url"),
                *("circonus_check_id", "circonus_check_force_metric_activation"),
                *("circonus_check_instance_id", "circonus_check_search_tag"),
                *("circonus_check_tags", "circonus_check_display_name"),
                *("circonus_broker_id", "circonus_broker_select_tag"),
            )
        ),
    ),
}



def native_key(block: str, row: Row) -> str:
    """Return our key for an option, from the root; empty if there is none."""
    if not row.native or row.native.startswith("."):
        return row.native.removeprefix(".")
    ours = "auto_auth.method.config" if "(" in block else NATIVE[block]
    return f"{ours}.{row.native}".removeprefix(".")
