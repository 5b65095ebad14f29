"""The whole configuration, with its smaller blocks."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta, field

from injector.config.model.notify import Notify
from injector.config.model.secret import Secret
from injector.config.model.supervision import Exec
from injector.config.model.template import Bundle, EnvTemplate, Template, TemplateConfig
from injector.config.model.types import AbsolutePath, Block, Duration, LocalPath, Perms
from injector.config.model.vault import AutoAuth, Vault


class AgentApi(Block):
    """Requests that change something: whether they are allowed over TCP."""

    enable_quit: Annotated[bool, Meta(description="`POST /quit`.")] = False
    enable_refresh: Annotated[bool, Meta(description="`POST /refresh`.")] = False


class Listener(Block):
    """Where health, status and metrics are served."""

    type: Annotated[Literal["unix", "tcp"], Meta(description="Kind of socket.")]
    address: Annotated[str, Meta(min_length=1, description="Path of the socket, or `host:port`.")]
    tls_disable: Annotated[
        bool,
        Meta(
            description="Serve plain HTTP; needed for a TCP listener other than loopback without TLS."
        ),
    ] = False
    tls_cert_file: Annotated[LocalPath, Meta(description="PEM certificate.")] = ""
    tls_key_file: Annotated[LocalPath, Meta(description="PEM key.")] = ""
    socket_mode: Annotated[Perms, Meta(description="Mode of a unix socket.")] = 0o600
    socket_user: Annotated[
        str, Meta(description="Its owner, a name or a number; ours if empty. Needs root.")
    ] = ""
    socket_group: Annotated[
        str, Meta(description="Its group, a name or a number; one of ours unless we are root.")
    ] = ""
    agent_api: Annotated[AgentApi, Meta(description="Requests that change something.")] = field(
        default_factory=AgentApi
    )


class Persist(Block):
    """The hand-over file, from init container to sidecar and over restarts."""

    path: Annotated[AbsolutePath, Meta(min_length=1, description="On a memory-backed filesystem.")]


class Cache(Block):
    """What outlives the process."""

    persist: Annotated[Persist | None, Meta(description="The hand-over file.")] = None


class Journal(Block):
    """A file that gets a line of JSON for every step of each new value of a secret."""

    path: Annotated[
        AbsolutePath, Meta(min_length=1, description="Where to append. It never contains a value.")
    ]
    perms: Annotated[
        Perms, Meta(description="Mode of a new file; an existing one keeps its own.")
    ] = 0o600


class Config(Block):
    """The whole configuration."""

    vault: Annotated[Vault, Meta(description="The server.")] = field(default_factory=Vault)
    auto_auth: Annotated[AutoAuth | None, Meta(description="The login.")] = None
    secrets: Annotated[dict[str, Secret], Meta(description="Secrets by name.")] = field(
        default_factory=dict
    )
    template: Annotated[tuple[Template, ...], Meta(description="Files.")] = ()
    bundle: Annotated[tuple[Bundle, ...], Meta(description="Files that change together.")] = ()
    notify: Annotated[dict[str, Notify], Meta(description="Applications by name.")] = field(
        default_factory=dict
    )
    template_config: Annotated[TemplateConfig, Meta(description="Settings for all of them.")] = (
        field(default_factory=TemplateConfig)
    )
    env_template: Annotated[tuple[EnvTemplate, ...], Meta(description="Variables of `exec`.")] = ()
    exec: Annotated[Exec | None, Meta(description="The supervised command.")] = None
    listener: Annotated[tuple[Listener, ...], Meta(description="Where to serve status.")] = ()
    cache: Annotated[Cache, Meta(description="What outlives the process.")] = field(
        default_factory=Cache
    )
    journal: Annotated[
        Journal | None, Meta(description="A file that records what happens to each new value.")
    ] = None
    revoke_on_shutdown: Annotated[
        Literal["none", "leases", "token"], Meta(description="What to revoke on shutdown.")
    ] = "none"
    exit_after_auth: Annotated[
        bool,
        Meta(
            description="`run` exits once everything is in place; an error stops it only with `exit_on_retry_failure`."
        ),
    ] = False
    pid_file: Annotated[AbsolutePath, Meta(description="File that gets the process id.")] = ""
    log_level: Annotated[
        Literal["trace", "debug", "info", "warn", "error"], Meta(description="Lowest level to log.")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console", "standard"],
        Meta(
            description="`auto`: console on a terminal, otherwise JSON; `standard` is the same as console."
        ),
    ] = "auto"
    log_file: Annotated[
        AbsolutePath,
        Meta(description="File that gets every log line too, in addition to standard error."),
    ] = ""
    log_rotate_bytes: Annotated[
        int, Meta(ge=0, description="Size at which it is rotated; 0: no limit.")
    ] = 0
    log_rotate_duration: Annotated[
        Duration, Meta(description="Age at which it is rotated; 0: no limit.")
    ] = 86400.0
    log_rotate_max_files: Annotated[
        int, Meta(ge=-1, description="How many old files are kept; 0: all, -1: none.")
    ] = 0

    @property
    def server_identity(self) -> tuple[str, str]:
        """What leases depend on: another server, or namespace, must not see what this one made."""
        return self.vault.address, self.vault.namespace

    @property
    def login_identity(self) -> object:
        """What a token depends on: while it is the same, there is no reason for a new login."""
        method = self.auto_auth and self.auto_auth.method
        return method and (method.type, method.mount_path, method.namespace, method.config)
