"""Every option of Vault Agent and OpenBao Agent: its type, and what happens to it here.

One row per option; docs/vault-agent.md shows the same rows. `says` is for people.
"""

# ruff: noqa: E501, RUF001 - a row stays on its line

from injector.dialects.vault_agent.row import Kind, Row, State

DONE, NEEDLESS, WARNED, REFUSED = State.DONE, State.NEEDLESS, State.WARNED, State.REFUSED
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
        Row("vault", Kind.BLOCK, DONE, "vault"),
        Row("auto_auth", Kind.BLOCK, DONE, "auto_auth", says="required"),
        Row("template", Kind.BLOCKS, DONE, "template"),
        Row("env_template", Kind.BLOCKS, DONE, "env_template", label="name"),
        Row("exec", Kind.BLOCK, DONE, "exec"),
        Row("template_config", Kind.BLOCK, DONE, "template_config"),
        Row("listener", Kind.BLOCKS, DONE, "listener", label="type"),
        Row("cache", Kind.BLOCK, DONE, "cache", "answers are not cached: each request goes to Vault"),
        Row("api_proxy", Kind.BLOCK, DONE, says="listeners forward requests to Vault with or without it"),
        Row("telemetry", Kind.BLOCK, DONE),
        Row("pid_file", Kind.PATH, DONE, "pid_file"),
        Row("exit_after_auth", Kind.BOOLEAN, DONE, "exit_after_auth", "exits once every file and sink is in place", "false"),
        Row("log_level", Kind.LEVEL, DONE, "log_level", default="info"),
        Row("log_format", Kind.TEXT, DONE, "log_format", default="standard"),
        Row("log_file", Kind.TEXT, DONE, "log_file", "for a directory, `agent.log` in it; a name without an extension gets `.log`; the directory is created"),
        Row("log_rotate_bytes", Kind.WHOLE, DONE, "log_rotate_bytes", default="0"),
        Row("log_rotate_duration", Kind.DURATION, DONE, "log_rotate_duration", default="24h"),
        Row("log_rotate_max_files", Kind.WHOLE, DONE, "log_rotate_max_files", default="0"),
        Row("disable_idle_connections", Kind.TEXTS, WARNED, says=_NO_REDIALLING),
        Row("disable_keep_alives", Kind.TEXTS, WARNED, says=_NO_REDIALLING),
        Row("disable_mlock", Kind.BOOLEAN, NEEDLESS, says=_SERVER_ONLY),
        Row("cluster_name", Kind.TEXT, NEEDLESS, says=_SERVER_ONLY),
        Row("default_max_request_duration", Kind.DURATION, NEEDLESS, says=_SERVER_ONLY),
        Row("user_lockout", Kind.BLOCKS, NEEDLESS, says=_SERVER_ONLY),
        Row("seal", Kind.BLOCKS, NEEDLESS, says=_SERVER_ONLY),
        Row("pki_external_ca", Kind.BLOCKS, REFUSED, says="a feature of Vault Enterprise; use `pki/issue/…` in a template, or an ACME client", of=VAULT),
        Row("tpm_cert", Kind.BLOCKS, REFUSED, says="a feature of Vault Enterprise", of=VAULT),
    ),
    "vault": (
        Row("address", Kind.TEXT, DONE, "address", "`VAULT_ADDR` or `BAO_ADDR` overrides it, as in the agents", "https://127.0.0.1:8200"),
        Row("ca_cert", Kind.PATH, DONE, "ca_cert"),
        Row("ca_path", Kind.PATH, DONE, "ca_path"),
        Row("client_cert", Kind.PATH, DONE, "client_cert"),
        Row("client_key", Kind.PATH, DONE, "client_key"),
        Row("tls_skip_verify", Kind.BOOLEAN, DONE, "tls_skip_verify", default="false"),
        Row("tls_server_name", Kind.TEXT, DONE, "tls_server_name"),
        Row("namespace", Kind.TEXT, DONE, "namespace", of=VAULT),
        Row("retry", Kind.BLOCK, DONE),
    ),
    "vault.retry": (
        Row("num_retries", Kind.WHOLE, DONE, ".template_config.exit_on_retry_failure_after", "failures are retried forever, separately for each secret; with `exit_on_retry_failure`, a refused one for as long as so many retries take", "12"),
    ),
    "auto_auth": (
        Row("method", Kind.BLOCK, DONE, "method", label="type"),
        Row("sink", Kind.BLOCKS, DONE, "sinks", label="type"),
        Row("sinks", Kind.BLOCKS, DONE, "sinks", label="type", says="some generators write this instead of `sink`"),
        Row("enable_reauth_on_new_credentials", Kind.BOOLEAN, NEEDLESS, says="a failed login is always retried at once when its files change", default="false"),
    ),
    "auto_auth.method": (
        Row("type", Kind.TEXT, DONE, "type", "approle, cert, jwt, kubernetes or token_file"),
        Row("mount_path", Kind.TEXT, DONE, "mount_path", default="auth/TYPE"),
        Row("namespace", Kind.TEXT, DONE, "namespace", "also used for the templates, unless `VAULT_NAMESPACE` is set"),
        Row("min_backoff", Kind.DURATION, DONE, "min_backoff", default="1s"),
        Row("max_backoff", Kind.DURATION, DONE, "max_backoff", default="5m"),
        Row("exit_on_err", Kind.BOOLEAN, DONE, "exit_on_err", default="false"),
        Row("wrap_ttl", Kind.DURATION, REFUSED, says="templates need a token that is not wrapped; set wrap_ttl on the sink"),
        Row("lease_renewal_threshold", Kind.NUMBER, WARNED, says="the token is renewed at 0.60 to 0.75 of its life", of=VAULT),
        Row("config", Kind.MERGED, DONE, "config"),
    ),
    "auto_auth.method.config(approle)": (
        Row("role_id_file_path", Kind.PATH, DONE, "role_id_file_path"),
        Row("secret_id_file_path", Kind.PATH, DONE, "secret_id_file_path"),
        Row("remove_secret_id_file_after_reading", Kind.BOOLEAN, DONE, "remove_secret_id_file_after_reading", "removed only once a login with it has succeeded", "true"),
        Row("secret_id_response_wrapping_path", Kind.TEXT, DONE, "secret_id_response_wrapping_path" ),
    ),
    "auto_auth.method.config(cert)": (
        Row("name", Kind.TEXT, DONE, "name"),
        Row("client_cert", Kind.PATH, DONE, "client_cert"),
        Row("client_key", Kind.PATH, DONE, "client_key"),
        Row("ca_cert", Kind.PATH, DONE, ".vault.ca_cert", "used for all requests if `vault` has none"),
        Row("reload", Kind.BOOLEAN, NEEDLESS, says="the files are always re-read at every login", default="false"),
    ),
    "auto_auth.method.config(jwt)": (
        Row("path", Kind.PATH, DONE, "path"),
        Row("role", Kind.TEXT, DONE, "role"),
        Row("remove_jwt_after_reading", Kind.BOOLEAN, DONE, "remove_jwt_after_reading", "removed only once a login with it has succeeded", "true"),
        Row("remove_jwt_follows_symlinks", Kind.BOOLEAN, DONE, "remove_jwt_follows_symlinks", default="false"),
        Row("jwt_read_period", Kind.DURATION, NEEDLESS, says="the file is re-read at every login, and when it changes"),
    ),
    "auto_auth.method.config(kubernetes)": (
        Row("role", Kind.TEXT, DONE, "role"),
        Row("token_path", Kind.PATH, DONE, "token_path", default="/var/run/secrets/kubernetes.io/serviceaccount/token"),
    ),
    "auto_auth.method.config(token_file)": (
        Row("token_file_path", Kind.PATH, DONE, "token_file_path"),
    ),
    "auto_auth.sink": (
        Row("type", Kind.TEXT, DONE, "type", "file"),
        Row("wrap_ttl", Kind.DURATION, DONE, "wrap_ttl", default="0"),
        Row("config", Kind.MERGED, DONE, "config"),
        Row("dh_type", Kind.TEXT, REFUSED, says="tokens are not encrypted here, because no program is known to read such files; set wrap_ttl instead"),
        Row("dh_path", Kind.TEXT, REFUSED, says="see dh_type"),
        Row("derive_key", Kind.BOOLEAN, REFUSED, says="see dh_type", default="false"),
        Row("aad", Kind.TEXT, REFUSED, says="see dh_type"),
        Row("aad_env_var", Kind.TEXT, REFUSED, says="see dh_type"),
    ),
    "auto_auth.sink.config": (
        Row("path", Kind.PATH, DONE, "path"),
        Row("mode", Kind.MODE, DONE, "mode", "a string is an error, as in the agents", "0640"),
        Row("uid", Kind.WHOLE, DONE, "uid", default="-1", of=OPENBAO),
        Row("gid", Kind.WHOLE, DONE, "gid", default="-1", of=OPENBAO),
    ),
    "template": (
        Row("source", Kind.PATH, DONE, "source"),
        Row("contents", Kind.TEXT, DONE, "contents"),
        Row("destination", Kind.PATH, DONE, "destination"),
        Row("create_dest_dirs", Kind.BOOLEAN, DONE, "create_dest_dirs", default="true"),
        Row("command", Kind.COMMAND, DONE, "command", "a single string with white space runs in `sh -c`, anything else directly; a string is split at commas, as in the agents"),
        Row("command_timeout", Kind.DURATION, DONE, ".template[].command_timeout", "`0` means a day; in the agents, no limit", "30s"),
        Row("exec", Kind.LAST, DONE, "exec", "overrides `command`"),
        Row("error_on_missing_key", Kind.BOOLEAN, DONE, "error_on_missing_key", "otherwise it is rendered as `<no value>`", "false"),
        Row("error_fatal", Kind.BOOLEAN, NEEDLESS, says="an error in one template does not affect others; `exit_on_retry_failure` decides whether to exit", default="true"),
        Row("perms", Kind.OCTAL, DONE, "perms", "without it, an existing file keeps its mode", "0644" ),
        Row("user", Kind.TEXT, DONE, "user", "without it, root keeps the owner of an existing file where nobody else can create one"),
        Row("group", Kind.TEXT, DONE, "group", "without it, root keeps the group of an existing file where nobody else can create one"),
        Row("uid", Kind.WHOLE, DONE, ".template[].user", "older name of `user`"),
        Row("gid", Kind.WHOLE, DONE, ".template[].group", "older name of `group`"),
        Row("backup", Kind.BOOLEAN, WARNED, says="no .bak file is kept: it would be another copy of a secret", default="false"),
        Row("left_delimiter", Kind.TEXT, DONE, "left_delimiter", default="{{"),
        Row("right_delimiter", Kind.TEXT, DONE, "right_delimiter", default="}}"),
        Row("sandbox_path", Kind.PATH, DONE, "sandbox_path", "applies to `file` and `writeToFile`", "/"),
        Row("function_denylist", Kind.TEXTS, DONE, "function_denylist", "a template that uses one of them is rejected"),
        Row("function_blacklist", Kind.TEXTS, DONE, ".template[].function_denylist", "older name of `function_denylist`"),
        Row("wait", Kind.LAST, DONE, "wait"),
    ),
    "template.exec": (
        Row("command", Kind.COMMAND, DONE, ".template[].command", "see `template.command`"),
        Row("timeout", Kind.DURATION, DONE, ".template[].command_timeout", "see `template.command_timeout`", "30s"),
        Row("enabled", Kind.BOOLEAN, DONE, says="if false, nothing is run", default="true"),
        Row("splay", Kind.DURATION, WARNED, says="the command runs at once; use `notify.*.splay` in our own form", default="0"),
        Row("kill_timeout", Kind.DURATION, NEEDLESS, says="only for supervised commands"),
        Row("kill_signal", Kind.TEXT, REFUSED, says="the agents reject it here"),
        Row("reload_signal", Kind.TEXT, REFUSED, says="the agents reject it here"),
        Row("env", Kind.LAST, REFUSED, says="the agents reject it here"),
    ),
    "template.wait": (
        Row("min", Kind.DURATION, DONE, "min"),
        Row("max", Kind.DURATION, DONE, "max", default="4 × min"),
        Row("enabled", Kind.BOOLEAN, DONE, says="if false, there is no wait", default="true"),
    ),
    "env_template": (
        Row("name", Kind.TEXT, DONE, "name", "its label"),
        Row("source", Kind.PATH, DONE, "source"),
        Row("contents", Kind.TEXT, DONE, "contents"),
        Row("error_on_missing_key", Kind.BOOLEAN, DONE, "error_on_missing_key", "otherwise it is rendered as `<no value>`", "false"),
        Row("error_fatal", Kind.BOOLEAN, NEEDLESS, says="see `template.error_fatal`", default="true" ),
        Row("left_delimiter", Kind.TEXT, DONE, "left_delimiter", default="{{"),
        Row("right_delimiter", Kind.TEXT, DONE, "right_delimiter", default="}}"),
        Row("function_denylist", Kind.TEXTS, DONE, "function_denylist", "a template that uses one of them is rejected"),
        Row("function_blacklist", Kind.TEXTS, DONE, ".env_template[].function_denylist", "older name of `function_denylist`"),
    ),
    "exec": (
        Row("command", Kind.COMMAND, DONE, "command"),
        Row("restart_on_secret_changes", Kind.TEXT, DONE, "restart_on_secret_changes", default="always"),
        Row("restart_stop_signal", Kind.TEXT, DONE, "restart_stop_signal", default="SIGTERM"),
        Row("child_process_stdout", Kind.TEXT, REFUSED, says='redirect it in a shell: `["sh", "-c", "exec app >>FILE"]`', of=VAULT),
        Row("child_process_stderr", Kind.TEXT, REFUSED, says="see child_process_stdout", of=VAULT),
    ),
    "template_config": (
        Row("exit_on_retry_failure", Kind.BOOLEAN, DONE, "exit_on_retry_failure", "exits on errors that waiting will not fix, after the agents' 12 retries (5 minutes) if Vault refuses a secret; others are retried forever", "false"),
        Row("static_secret_render_interval", Kind.DURATION, DONE, "static_secret_render_interval", "±10 %", "5m"),
        Row("max_connections_per_host", Kind.WHOLE, DONE, "max_connections_per_host", default="10", of=VAULT),
        Row("lease_renewal_threshold", Kind.NUMBER, DONE, "lease_renewal_threshold", "applies to renewable leases too, so our default is 0.70; at most 0.95", "0.90", of=VAULT),
    ),
    "listener": (
        Row("type", Kind.TEXT, DONE, "type", "tcp or unix; its label"),
        Row("address", Kind.TEXT, DONE, "address", default="127.0.0.1:8200"),
        Row("tls_disable", Kind.BOOLEAN, DONE, "tls_disable", default="false"),
        Row("tls_cert_file", Kind.PATH, DONE, "tls_cert_file"),
        Row("tls_key_file", Kind.PATH, DONE, "tls_key_file"),
        Row("socket_mode", Kind.OCTAL, DONE, "socket_mode"),
        Row("socket_user", Kind.TEXT, DONE, "socket_user", "a name or a number"),
        Row("socket_group", Kind.TEXT, DONE, "socket_group", "a name or a number"),
        Row("agent_api", Kind.BLOCK, DONE, "agent_api"),
        Row("role", Kind.TEXT, DONE, says="`metrics_only`: no requests are forwarded", default="default"),
        Row("require_request_header", Kind.BOOLEAN, DONE, says="requests without `X-Vault-Request: true` get status 412", default="false"),
        Row("tls_min_version", Kind.TEXT, WARNED, says="always TLS 1.2 or newer"),
        Row("tls_max_version", Kind.TEXT, WARNED, says="always TLS 1.2 or newer"),
        Row("tls_cipher_suites", Kind.TEXT, WARNED, says="always OpenSSL's defaults"),
        Row("tls_require_and_verify_client_cert", Kind.BOOLEAN, REFUSED, says="client certificates are not supported: use a unix socket", default="false"),
        Row("tls_client_ca_file", Kind.TEXT, REFUSED, says="client certificates are not supported: use a unix socket"),
        Row("proxy_api", Kind.BLOCK, NEEDLESS, says="for Vault Proxy"),
        Row("telemetry", Kind.BLOCK, NEEDLESS, says=_SERVER_ONLY),
        Row("profiling", Kind.BLOCK, NEEDLESS, says=_SERVER_ONLY),
        Row("cluster_address", Kind.TEXT, NEEDLESS, says=_SERVER_ONLY),
        Row("max_request_size", Kind.WHOLE, NEEDLESS, says=_SERVER_ONLY),
        Row("max_request_duration", Kind.DURATION, NEEDLESS, says=_SERVER_ONLY),
    ),
    "listener.agent_api": (
        Row("enable_quit", Kind.BOOLEAN, DONE, "enable_quit", "`POST /agent/v1/quit`", "false"),
    ),
    "cache": (
        Row("use_auto_auth_token", Kind.FORCE, DONE, says="see `api_proxy`", default="false"),
        Row("persist", Kind.BLOCK, DONE, "persist", label="type"),
        Row("enforce_consistency", Kind.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("when_inconsistent", Kind.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
    ),
    "cache.persist": (
        Row("type", Kind.TEXT, DONE, says="kubernetes; its label"),
        Row("path", Kind.PATH, DONE, ".cache.persist.path", "directory of the hand-over file, if it is in memory; on a disk, nothing is handed over"),
        Row("keep_after_import", Kind.BOOLEAN, NEEDLESS, says="the file is always kept, and kept up to date", default="false"),
        Row("exit_on_err", Kind.BOOLEAN, WARNED, says="a file that cannot be used is ignored with a warning", default="false"),
        Row("service_account_token_file", Kind.PATH, NEEDLESS, says="the file is protected by its mode, and is in memory"),
    ),
    "api_proxy": (
        Row("use_auto_auth_token", Kind.FORCE, DONE, says="requests without a token get that of auto_auth; with `force`, all do", default="false"),
        Row("enforce_consistency", Kind.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("when_inconsistent", Kind.TEXT, WARNED, says=_NOT_PROXIED, of=VAULT),
        Row("prepend_configured_namespace", Kind.BOOLEAN, REFUSED, says="requests are forwarded with the namespace that they specify", default="false", of=VAULT),
    ),
    "telemetry": (
        Row("prometheus_retention_time", Kind.DURATION, NEEDLESS, says="metrics never expire", default="24h"),
        Row("disable_hostname", Kind.BOOLEAN, NEEDLESS, says="names never contain the host", default="false"),
        Row("enable_hostname_label", Kind.BOOLEAN, WARNED, says="Prometheus adds its own label for the host", default="false"),
        Row("metrics_prefix", Kind.TEXT, WARNED, says="names begin with `injector_`"),
        Row("usage_gauge_period", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("maximum_gauge_cardinality", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("lease_metrics_epsilon", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("num_lease_metrics_buckets", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("add_lease_metrics_namespace_labels", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("add_mount_point_rollback_metrics", Kind.ANY, NEEDLESS, says=_SERVER_ONLY),
        Row("filter_default", Kind.ANY, WARNED, says="nothing is filtered"),
        Row("prefix_filter", Kind.ANY, WARNED, says="nothing is filtered"),
        *(
            Row(name, Kind.ANY, WARNED, says=_NOT_SENT)
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
