"""The configuration that the injected agent gets: that of the peers, as a plain dict.

The keys are in the order of vault-k8s' struct. What is empty, false or 0 is left out unless the
struct always writes it.
"""

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from injector.inject.vault_k8s import telemetry
from injector.inject.vault_k8s.reading import Annotations
from injector.inject.vault_k8s.secrets import Secret, templates
from injector.inject.vault_k8s.settings import Settings
from injector.inject.vault_k8s.token import TokenMount

HOME = "/home/vault"
CACHE = "/vault/agent-cache"


def agent_config(
    read: Annotations,
    settings: Settings,
    secrets: Sequence[Secret],
    token: TokenMount,
    *,
    init: bool,
    exact: bool,
) -> dict[str, Any]:
    """Return the configuration of the init container or of the sidecar."""
    config = {
        "auto_auth": {"method": _method(read, settings, token), "sink": _sinks(read, settings)},
        "exit_after_auth": init,
        "pid_file": f"{HOME}/.pid",
        "vault": _vault(read, settings),
    }
    if secrets:
        config["template"] = templates(secrets, settings.default_template, exact=exact)
    config |= _listener(read, settings, init=init)
    config["template_config"] = _template_config(read, settings)
    for key in ("disable-idle-connections", "disable-keep-alives"):
        if read.text(f"agent-{key}"):
            config[key.replace("-", "_")] = read.words(f"agent-{key}")
    stanza = telemetry.block(_underscored(read.family("agent-telemetry-")))
    if stanza is not None:
        config["telemetry"] = stanza
    return config


def patched(config: Any, over: Any) -> Any:
    """Return a configuration with a merge patch (RFC 7386) applied."""
    if not isinstance(over, dict):
        return over
    made = dict(config) if isinstance(config, dict) else {}
    for key, value in over.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = patched(made.get(key), value)
    return made


def _method(read: Annotations, settings: Settings, token: TokenMount) -> dict[str, Any]:
    options = {"token_path": token.file} | _underscored(read.family("auth-config-"))
    if read.text("role"):
        options["role"] = read.text("role")
    return _given(
        {
            "type": read.text("auth-type"),
            "mount_path": read.text("auth-path"),
            "min_backoff": read.text("auth-min-backoff"),
            "max_backoff": read.text("auth-max-backoff"),
            "namespace": read.text("namespace"),
            "config": dict(sorted(options.items())),
            "exit_on_err": settings.exit_on_err,
        }
    )


def _sinks(read: Annotations, settings: Settings) -> list[dict[str, Any]]:
    paths = [f"{HOME}/.vault-token"]
    if settings.inject_token:
        paths.append(posixpath.join(read.text("secret-volume-path"), "token"))
    return [{"type": "file", "config": {"path": path}} for path in paths]


def _vault(read: Annotations, settings: Settings) -> dict[str, Any]:
    return {"address": read.text("service")} | _given(
        {
            "ca_cert": read.text("ca-cert"),
            "ca_path": read.text("ca-key"),
            "tls_skip_verify": settings.tls_skip_verify,
            "client_cert": read.text("client-cert"),
            "client_key": read.text("client-key"),
            "tls_server_name": read.text("tls-server-name"),
        }
    )


def _listener(read: Annotations, settings: Settings, *, init: bool) -> dict[str, Any]:
    caches = settings.cache_enable and settings.has_sidecar
    caches = caches and (settings.shares_a_cache or not init)
    if not caches and not settings.enable_quit:
        return {}
    listener = {
        "type": "tcp",
        "address": f"127.0.0.1:{read.text('agent-cache-listener-port')}",
        "tls_disable": True,
    }
    if settings.enable_quit:
        listener["agent_api"] = {"enable_quit": True}
    return {"listener": [listener], "cache": _cache(read, settings) if caches else {}}


def _cache(read: Annotations, settings: Settings) -> dict[str, Any]:
    cache = _given({"use_auto_auth_token": read.text("agent-cache-use-auto-auth-token")})
    if settings.shares_a_cache:
        cache["persist"] = {"type": "kubernetes", "path": CACHE} | _given(
            {"exit_on_err": settings.cache_exit_on_err}
        )
    return cache


def _template_config(read: Annotations, settings: Settings) -> dict[str, Any]:
    return {"exit_on_retry_failure": settings.exit_on_retry_failure} | _given(
        {
            "static_secret_render_interval": read.text("template-static-secret-render-interval"),
            "max_connections_per_host": settings.max_connections_per_host,
            "lease_renewal_threshold": settings.lease_renewal_threshold,
        }
    )


def _underscored(given: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): text for name, text in given.items()}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value}
