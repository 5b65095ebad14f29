"""Every option of the configuration: its name, type, default and meaning.

Names are Vault Agent's wherever Vault Agent has the thing. The descriptions here are the single
source of `injector schema` and are checked against docs/configuration.md. Nothing here reads a
file: paths arrive absolute, durations in seconds, modes as integers (see `load`).
"""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Any, Literal, dataclass_transform

from msgspec import Meta, Struct, field

# Leaf types that are written differently from how they are kept; `load` converts them.
Duration = Annotated[float, Meta(ge=0, extra={"written": "duration"})]
Perms = Annotated[int, Meta(extra={"written": "perms"})]
# Relative to the folder of the configuration file.
LocalPath = Annotated[str, Meta(extra={"written": "path"})]
# Absolute, or an error.
AbsolutePath = Annotated[str, Meta(extra={"written": "absolute path"})]
SignalName = Annotated[str, Meta(extra={"written": "signal"})]
# A name or a number, which needs no quotes.
Owner = Annotated[str, Meta(extra={"written": "owner"})]
Namespace = Annotated[str, Meta(extra={"written": "namespace"})]
# Taken as it stands: `${NAME}` is not expanded.
Verbatim = Annotated[str, Meta(extra={"written": "verbatim"})]
# Program and arguments; a string is split as a shell splits words. Never expanded either.
Argv = Annotated[tuple[str, ...], Meta(extra={"written": "command"})]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the configuration; unknown keys in it are errors."""


# --- vault -------------------------------------------------------------------------------------


class Vault(Block):
    """Where Vault or OpenBao is, and how to trust it."""

    address: Annotated[
        str,
        Meta(
            description="`https://host:port` or `unix:///path`. Without it `VAULT_ADDR` or `BAO_ADDR` counts; a value here beats both, because inside a pod the variable often points at an agent."
        ),
    ] = ""
    namespace: Annotated[
        Namespace,
        Meta(description="Sent with every request unless a secret or method names its own."),
    ] = ""
    ca_cert: Annotated[
        LocalPath, Meta(description="PEM file of the authority that signed Vault's certificate.")
    ] = ""
    ca_path: Annotated[LocalPath, Meta(description="Folder of such PEM files.")] = ""
    client_cert: Annotated[
        LocalPath, Meta(description="PEM certificate presented to Vault; needs `client_key`.")
    ] = ""
    client_key: Annotated[LocalPath, Meta(description="PEM key of `client_cert`.")] = ""
    tls_server_name: Annotated[
        str, Meta(description="Name expected in Vault's certificate, if not the address's host.")
    ] = ""
    tls_skip_verify: Annotated[
        bool, Meta(description="Trust any certificate. Only ever for a try-out.")
    ] = False
    timeout: Annotated[Duration, Meta(description="Deadline of each request.")] = 30.0
    start_splay: Annotated[
        Duration,
        Meta(
            description="Wait a random part of this before the first request after a start: for fleets that start in the same second."
        ),
    ] = 0.0


# --- auto_auth ---------------------------------------------------------------------------------


class Kubernetes(Block, tag="kubernetes"):
    """Log in with the pod's service-account token, read again at every login."""

    role: Annotated[str, Meta(min_length=1, description="Role of the auth mount.")]
    token_path: Annotated[LocalPath, Meta(description="The projected token.")] = (
        "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
    )


class AppRole(Block, tag="approle"):
    """Log in with a role id and a secret id, read again at every login."""

    role_id_file_path: Annotated[
        LocalPath, Meta(min_length=1, description="File with the role id.")
    ]
    secret_id_file_path: Annotated[
        LocalPath,
        Meta(
            description="File with the secret id; without it the role needs `bind_secret_id=false`."
        ),
    ] = ""
    remove_secret_id_file_after_reading: Annotated[
        bool,
        Meta(
            description="Remove the file once a login with it has succeeded; the secret id is then kept in memory, because nothing else has it."
        ),
    ] = True
    secret_id_response_wrapping_path: Annotated[
        str,
        Meta(
            description="The file holds a wrapping token whose `creation_path` must be this, for example `auth/approle/role/app/secret-id`; it is checked before unwrapping."
        ),
    ] = ""


class Jwt(Block, tag="jwt"):
    """Log in with a JWT from a file, read again at every login."""

    path: Annotated[LocalPath, Meta(min_length=1, description="File with the JWT.")]
    role: Annotated[str, Meta(min_length=1, description="Role of the auth mount.")]
    remove_jwt_after_reading: Annotated[
        bool,
        Meta(
            description="Remove the file once a login with it has succeeded. The JWT is not kept in memory: the next login needs a new one."
        ),
    ] = True
    remove_jwt_follows_symlinks: Annotated[
        bool,
        Meta(
            description="If `path` is a symlink, remove the file it leads to; otherwise neither is removed."
        ),
    ] = False


class Cert(Block, tag="cert"):
    """Log in with a TLS client certificate, read again at every login; needs `https://`."""

    name: Annotated[str, Meta(description="Certificate role; empty tries all of them.")] = ""
    client_cert: Annotated[
        LocalPath, Meta(description="PEM certificate; without a pair here, `vault`'s is used.")
    ] = ""
    client_key: Annotated[LocalPath, Meta(description="PEM key of `client_cert`.")] = ""


class TokenFile(Block, tag="token_file"):
    """Use a token that somebody else put into a file; for development."""

    token_file_path: Annotated[LocalPath, Meta(min_length=1, description="File with the token.")]


# Tagged, since msgspec tells a union's members apart by tag; `load` puts the method's type there.
MethodConfig = Kubernetes | AppRole | Jwt | Cert | TokenFile

# `auto_auth.method.type` → (block of `config`, default of `mount_path`).
METHODS: dict[str, tuple[type[MethodConfig], str]] = {
    "kubernetes": (Kubernetes, "auth/kubernetes"),
    "approle": (AppRole, "auth/approle"),
    "jwt": (Jwt, "auth/jwt"),
    "cert": (Cert, "auth/cert"),
    "token_file": (TokenFile, ""),
}


class Method(Block):
    """How to log in."""

    type: Annotated[
        Literal["kubernetes", "approle", "jwt", "cert", "token_file"],
        Meta(description="Which kind of identity this process has."),
    ]
    config: Annotated[MethodConfig, Meta(description="Options of the method, below.")]
    mount_path: Annotated[
        str, Meta(description="Where the auth method is mounted; `auth/TYPE`.")
    ] = ""
    namespace: Annotated[
        Namespace, Meta(description="Namespace of the login; `vault.namespace` if empty.")
    ] = ""
    min_backoff: Annotated[Duration, Meta(description="First wait after a failed login.")] = 1.0
    max_backoff: Annotated[Duration, Meta(description="Longest wait between logins.")] = 20.0
    exit_on_err: Annotated[
        bool, Meta(description="Exit with code 3 when a login fails, instead of trying again.")
    ] = False


class SinkConfig(Block):
    """Where a file sink writes."""

    path: Annotated[AbsolutePath, Meta(min_length=1, description="The token's file.")]
    mode: Annotated[Perms, Meta(description="Its mode, as a quoted octal string.")] = 0o600
    uid: Annotated[int, Meta(ge=-1, le=2**32 - 2, description="Its owner; -1 leaves it.")] = -1
    gid: Annotated[int, Meta(ge=-1, le=2**32 - 2, description="Its group; -1 leaves it.")] = -1


class Sink(Block):
    """A file that gets the token, for programs that talk to Vault themselves."""

    config: Annotated[SinkConfig, Meta(description="Options of the file.")]
    type: Annotated[Literal["file"], Meta(description="Only files.")] = "file"
    wrap_ttl: Annotated[
        Duration,
        Meta(
            description="Write what the token can be had for, once, within this time (the answer of `sys/wrapping/wrap`, as JSON); 0 = the token itself."
        ),
    ] = 0.0


class AutoAuth(Block):
    """Who this process is to Vault."""

    method: Annotated[Method, Meta(description="The login.")]
    sinks: Annotated[
        tuple[Sink, ...], Meta(description="Files that get the token; none by default.")
    ] = ()


# --- secrets -----------------------------------------------------------------------------------


class Contract(Block):
    """What a secret has to look like before anything is made of it."""

    keys: Annotated[
        dict[str, Literal["string", "number", "boolean", "list", "map", "any"]],
        Meta(description="Required keys and their types."),
    ]


class Secret(Block):
    """A secret with a name, which is a variable in templates."""

    path: Annotated[
        str,
        Meta(
            min_length=1,
            description="As `vault read` takes it, with `data/` for KV version 2; `?version=3` pins.",
        ),
    ]
    params: Annotated[
        dict[str, Any] | None,
        Meta(description="Parameters: the path is then written to (`pki/issue/…`), not read."),
    ] = None
    namespace: Annotated[
        Namespace, Meta(description="Namespace of this secret; `vault.namespace` if empty.")
    ] = ""
    refresh: Annotated[
        Duration,
        Meta(
            description="How often a static secret is read again; `template_config.static_secret_render_interval` if 0."
        ),
    ] = 0.0
    engine: Annotated[
        Literal["auto", "kv1", "kv2"], Meta(description="`auto` goes by the answer's shape.")
    ] = "auto"
    optional: Annotated[
        bool, Meta(description="Its value is `none` in templates while it does not exist.")
    ] = False
    on_missing: Annotated[
        Literal["keep", "remove", "fail"],
        Meta(
            description="When it disappears: keep the files, remove them, or keep them and not be ready."
        ),
    ] = "keep"
    overlap: Annotated[
        Duration, Meta(description="How long an old lease lives on after the new one is in use.")
    ] = 60.0
    publish_delay: Annotated[
        Duration,
        Meta(description="Wait this long before using a new credential (cloud IAM needs it)."),
    ] = 0.0
    issuance_budget: Annotated[
        int, Meta(ge=1, description="New credentials per 10 minutes before issuing stops, loudly.")
    ] = 10
    contract: Annotated[Contract | None, Meta(description="Required keys and types.")] = None


# --- what is run and waited for ----------------------------------------------------------------


class Command(Block):
    """A program with arguments; no shell is involved."""

    command: Annotated[Argv, Meta(min_length=1, description="Program and arguments.")]
    timeout: Annotated[Duration, Meta(description="Then its whole process group is ended.")] = 30.0


class Check(Block):
    """What has to hold of new content before anybody sees it."""

    command: Annotated[
        Argv,
        Meta(
            description="Program and arguments, which has to succeed; `{staged}` is the path of the new file, or of the bundle's new folder."
        ),
    ] = ()
    timeout: Annotated[Duration, Meta(description="Deadline of `command`.")] = 30.0
    format: Annotated[
        Literal["json", "yaml", "toml", "ini", "pem"] | None,
        Meta(description="The file has to be readable as this."),
    ] = None


class Wait(Block):
    """Quiescence: wait until nothing has changed for `min`, at most `max`."""

    min: Annotated[Duration, Meta(description="Quiet time that has to pass.")] = 2.0
    max: Annotated[Duration, Meta(description="Longest wait; 0 means four times `min`.")] = 0.0


# --- template, bundle --------------------------------------------------------------------------

Format = Literal[
    "dotenv", "shell", "json", "yaml", "properties", "ini", "raw", "github-env", "netrc", "pgpass"
]


class Template(Block):
    """One file: rendered from a template, or from one secret in a ready format."""

    destination: Annotated[
        str,
        Meta(
            min_length=1,
            description="Absolute path of the file; inside a bundle relative to its directory.",
        ),
    ]
    source: Annotated[LocalPath, Meta(description="Template file.")] = ""
    contents: Annotated[Verbatim, Meta(description="Template text, instead of `source`.")] = ""
    secret: Annotated[str, Meta(description="Name of a secret, for `format`.")] = ""
    format: Annotated[
        Format | None, Meta(description="Ready format of `secret`: no template to write.")
    ] = None
    key: Annotated[str, Meta(description="`format: raw`: the one key whose value is the file.")] = (
        ""
    )
    encoding: Annotated[
        Literal["text", "base64"], Meta(description="`format: raw`: `base64` writes decoded bytes.")
    ] = "text"
    section: Annotated[str, Meta(description="`format: ini`: the section's name.")] = ""
    language: Annotated[
        Literal["jinja", "go"],
        Meta(description="Language of the template; `go` has consul-template's functions."),
    ] = "jinja"
    sandbox_path: Annotated[
        LocalPath,
        Meta(
            description="`language: go`: folder that `file` and `writeToFile` are confined to; without it, to the paths that the template spells out and the folder of its destination."
        ),
    ] = ""
    function_denylist: Annotated[
        tuple[str, ...], Meta(description="`language: go`: functions that are not to be had.")
    ] = ()
    left_delimiter: Annotated[str, Meta(description="Opens a variable.")] = "{{"
    right_delimiter: Annotated[str, Meta(description="Closes a variable.")] = "}}"
    error_on_missing_key: Annotated[
        bool, Meta(description="A missing key is an error; otherwise it is empty.")
    ] = True
    perms: Annotated[Perms, Meta(description="Mode of the file, as a quoted octal string.")] = 0o600
    user: Annotated[Owner, Meta(description="Owner, by name or number; unchanged if empty.")] = ""
    group: Annotated[Owner, Meta(description="Group, by name or number; unchanged if empty.")] = ""
    create_dest_dirs: Annotated[
        bool, Meta(description="Create missing parent folders (mode 0755).")
    ] = True
    in_place: Annotated[
        bool,
        Meta(
            description="Overwrite instead of rename, for single-file mounts; readers may see half a file."
        ),
    ] = False
    on_remove: Annotated[
        Literal["keep", "delete"], Meta(description="The file when a reload removes this entry.")
    ] = "keep"
    command: Annotated[
        Argv,
        Meta(
            description="Run after the file changed; a string is split as a shell splits words, but no shell runs it."
        ),
    ] = ()
    command_timeout: Annotated[Duration, Meta(description="Deadline of `command`.")] = 30.0
    exec: Annotated[
        Command | None, Meta(description="Vault Agent's newer spelling of `command`.")
    ] = None
    wait: Annotated[Wait | None, Meta(description="Write only after a quiet time.")] = None
    check: Annotated[
        Check | None, Meta(description="Has to hold before the file takes its place.")
    ] = None
    notify: Annotated[tuple[str, ...], Meta(description="Names of `notify` entries to tell.")] = ()

    @property
    def appends(self) -> bool:
        """Tell whether it adds to a file that somebody else makes, instead of making one."""
        return self.format == "github-env"

    @property
    def is_discarded(self) -> bool:
        """Tell whether only what a Go template writes beside its own text counts."""
        return self.language == "go" and self.destination == "/dev/null"


class Bundle(Block):
    """Files that change together or not at all."""

    name: Annotated[str, Meta(min_length=1, description="Its name in logs, status and metrics.")]
    directory: Annotated[
        AbsolutePath, Meta(min_length=1, description="Where readers open the files.")
    ]
    template: Annotated[tuple[Template, ...], Meta(min_length=1, description="The files.")]
    check: Annotated[
        Check | None,
        Meta(description="Has to succeed before the swap; `{staged}` is the new folder."),
    ] = None
    wait: Annotated[Wait | None, Meta(description="Swap only after a quiet time.")] = None
    on_remove: Annotated[
        Literal["keep", "delete"], Meta(description="The files when a reload removes this entry.")
    ] = "keep"
    notify: Annotated[tuple[str, ...], Meta(description="Names of `notify` entries to tell.")] = ()


# --- notify ------------------------------------------------------------------------------------


class Process(Block):
    """Which process to signal; exactly one of these."""

    pid_file: Annotated[
        AbsolutePath, Meta(description="File with its number, read at each signal.")
    ] = ""
    name: Annotated[
        str, Meta(description="Its name (`comm`); children of a match are left alone.")
    ] = ""
    exe: Annotated[AbsolutePath, Meta(description="Path of its executable.")] = ""
    child: Annotated[
        bool, Meta(description="The supervised command; without `signal` it is restarted.")
    ] = False
    force: Annotated[
        bool, Meta(description="Signal even a process that does not seem to handle the signal.")
    ] = False


class Http(Block):
    """An HTTP request, and the answers that count as success."""

    url: Annotated[str, Meta(min_length=1, description="`http://…`, `https://…`.")]
    method: Annotated[Literal["GET", "POST", "PUT"], Meta(description="Its method.")] = "POST"
    expect: Annotated[tuple[int, ...], Meta(description="Status codes of success.")] = (
        200,
        202,
        204,
    )
    headers: Annotated[dict[str, str], Meta(description="Headers to send.")] = field(
        default_factory=dict
    )
    body_pattern: Annotated[
        str, Meta(description="Regular expression the answer has to contain.")
    ] = ""
    ca_cert: Annotated[LocalPath, Meta(description="PEM file of the endpoint's authority.")] = ""
    timeout: Annotated[Duration, Meta(description="Deadline of one request.")] = 10.0


class Verify(Block):
    """Did the application take the change? Exactly one of http, tcp, command."""

    http: Annotated[Http | None, Meta(description="An HTTP check.")] = None
    tcp: Annotated[str, Meta(description="`host:port` that has to accept a connection.")] = ""
    command: Annotated[Argv, Meta(description="A command that has to succeed.")] = ()
    timeout: Annotated[Duration, Meta(description="Tried again until then.")] = 20.0


class Notify(Block):
    """How one application is told; exactly one of signal, http, command."""

    signal: Annotated[SignalName, Meta(description="Signal to send to `process`.")] = ""
    process: Annotated[Process | None, Meta(description="Which process.")] = None
    http: Annotated[Http | None, Meta(description="A request to send.")] = None
    command: Annotated[Argv, Meta(description="A program to run.")] = ()
    timeout: Annotated[Duration, Meta(description="Deadline of `command`.")] = 30.0
    wait: Annotated[
        Wait,
        Meta(
            description="Debounce: the first delivery is told at once, later ones after a quiet time."
        ),
    ] = field(default_factory=lambda: Wait(min=2.0, max=15.0))
    min_interval: Annotated[Duration, Meta(description="Least time between two notifications.")] = (
        0.0
    )
    splay: Annotated[
        Duration,
        Meta(description="Random extra wait up to this, so that a fleet does not reload at once."),
    ] = 0.0
    verify: Annotated[Verify | None, Meta(description="How to tell that it took the change.")] = (
        None
    )
    on_failure: Annotated[
        Literal["keep", "rollback"], Meta(description="What a failed `verify` leads to.")
    ] = "keep"


# --- the rest ----------------------------------------------------------------------------------


class TemplateConfig(Block):
    """What holds for every template and secret."""

    static_secret_render_interval: Annotated[
        float,
        Meta(
            gt=0,
            extra={"written": "duration"},
            description="How often static secrets are read again, ±10 %.",
        ),
    ] = 60.0
    lease_renewal_threshold: Annotated[
        float,
        Meta(
            gt=0.1,
            le=0.95,
            description="A lease is acted on at a share of its life drawn from 0.10 below to 0.05 above this.",
        ),
    ] = 0.70
    max_connections_per_host: Annotated[
        int,
        Meta(
            ge=1,
            description="Requests for secrets in flight at once; the token has a connection besides.",
        ),
    ] = 10
    exit_on_retry_failure: Annotated[
        bool,
        Meta(
            description="The daemon exits with the error's code when a secret or file fails in a way that waiting does not change."
        ),
    ] = False
    require_memory_backed: Annotated[
        bool, Meta(description="Refuse destinations that are not on tmpfs or ramfs.")
    ] = True


class EnvTemplate(Block):
    """An environment variable of the supervised command."""

    name: Annotated[str, Meta(min_length=1, description="Name of the variable.")]
    source: Annotated[LocalPath, Meta(description="Template file.")] = ""
    contents: Annotated[Verbatim, Meta(description="Template text, instead of `source`.")] = ""
    language: Annotated[Literal["jinja", "go"], Meta(description="Language of the template.")] = (
        "jinja"
    )
    sandbox_path: Annotated[
        LocalPath,
        Meta(
            description="`language: go`: folder that `file` is confined to; without it, to the paths that the template spells out."
        ),
    ] = ""
    function_denylist: Annotated[
        tuple[str, ...], Meta(description="`language: go`: functions that are not to be had.")
    ] = ()
    error_on_missing_key: Annotated[
        bool, Meta(description="A missing key is an error; otherwise it is empty.")
    ] = True
    left_delimiter: Annotated[str, Meta(description="Opens a variable.")] = "{{"
    right_delimiter: Annotated[str, Meta(description="Closes a variable.")] = "}}"


class ExecEnv(Block):
    """Which of our own environment variables the command sees."""

    pristine: Annotated[bool, Meta(description="None of them.")] = False
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Only names that match one of these globs. Names that begin with `VAULT_`, `BAO_` or `INJECTOR_` are passed on only if a glob begins so, too."
        ),
    ] = ()
    deny: Annotated[
        tuple[str, ...], Meta(description="No names that match one of these globs; beats `allow`.")
    ] = ()
    custom: Annotated[tuple[str, ...], Meta(description="`NAME=value` to add.")] = ()


class Exec(Block):
    """The supervised command."""

    command: Annotated[
        Argv,
        Meta(description="Program and arguments; `injector run -c FILE -- CMD` beats it."),
    ] = ()
    restart_on_secret_changes: Annotated[
        Literal["always", "never"],
        Meta(
            description="What a changed variable leads to; with `never` it is seen by the next start."
        ),
    ] = "always"  # noqa: S105 - a policy, not a secret
    restart_stop_signal: Annotated[
        SignalName, Meta(description="How it is asked to end when it is to be restarted.")
    ] = "SIGTERM"
    restart_on_crash: Annotated[
        Literal["never", "always"],
        Meta(
            description="When it ends with a code other than 0, or by a signal that nobody sends on purpose: end with the same code, or start it again, after 1 s to 60 s."
        ),
    ] = "never"
    kill_timeout: Annotated[
        Duration, Meta(description="Then SIGKILL, for it and what it has started.")
    ] = 30.0
    mask_output: Annotated[
        bool, Meta(description="Replace live secret values in what it prints.")
    ] = False
    env: Annotated[ExecEnv, Meta(description="Its environment.")] = field(default_factory=ExecEnv)


class AgentApi(Block):
    """Requests that change something, over TCP."""

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
    """A file that gets a line of JSON for what became of each new value of a secret."""

    path: Annotated[
        AbsolutePath, Meta(min_length=1, description="Where to append. It never holds a value.")
    ]
    perms: Annotated[
        Perms, Meta(description="Mode of a new file; one that is there keeps its own.")
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
    template_config: Annotated[TemplateConfig, Meta(description="For all of them.")] = field(
        default_factory=TemplateConfig
    )
    env_template: Annotated[tuple[EnvTemplate, ...], Meta(description="Variables of `exec`.")] = ()
    exec: Annotated[Exec | None, Meta(description="The supervised command.")] = None
    listener: Annotated[tuple[Listener, ...], Meta(description="Where to serve status.")] = ()
    cache: Annotated[Cache, Meta(description="What outlives the process.")] = field(
        default_factory=Cache
    )
    journal: Annotated[
        Journal | None, Meta(description="What became of each new value, line by line.")
    ] = None
    revoke_on_shutdown: Annotated[
        Literal["none", "leases", "token"], Meta(description="What to revoke at a regular end.")
    ] = "none"
    exit_after_auth: Annotated[
        bool,
        Meta(
            description="`run` ends once everything is in place; an error ends it only with `exit_on_retry_failure`."
        ),
    ] = False
    pid_file: Annotated[AbsolutePath, Meta(description="Gets the number of this process.")] = ""
    log_level: Annotated[
        Literal["trace", "debug", "info", "warn", "error"], Meta(description="Least level to log.")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console", "standard"],
        Meta(description="`auto`: console on a terminal, else JSON; `standard` is console."),
    ] = "auto"
    log_file: Annotated[
        AbsolutePath, Meta(description="Gets every line of the log as well, beside standard error.")
    ] = ""
    log_rotate_bytes: Annotated[
        int, Meta(ge=0, description="Size at which it is put aside; 0: whatever its size.")
    ] = 0
    log_rotate_duration: Annotated[
        Duration, Meta(description="Age at which it is put aside; 0: whatever its age.")
    ] = 86400.0
    log_rotate_max_files: Annotated[
        int, Meta(ge=-1, description="How many of those are kept; 0: all, -1: none.")
    ] = 0
