"""`vault` and `auto_auth`: the server, and the login."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta

from injector.config.model.types import (
    AbsolutePath,
    Block,
    Deadline,
    Duration,
    LocalPath,
    Namespace,
    Perms,
)


class Vault(Block):
    """Where Vault or OpenBao is, and how to trust it."""

    address: Annotated[
        str,
        Meta(
            description="`https://host:port` or `unix:///path`. If empty, `VAULT_ADDR` or `BAO_ADDR` is used; a value here overrides both, because inside a pod the variable often points at an agent."
        ),
    ] = ""
    namespace: Annotated[
        Namespace,
        Meta(description="Sent with every request, unless a secret or method has its own."),
    ] = ""
    ca_cert: Annotated[
        LocalPath, Meta(description="PEM file of the authority that signed Vault's certificate.")
    ] = ""
    ca_path: Annotated[LocalPath, Meta(description="Directory of such PEM files.")] = ""
    ca_cert_bytes: Annotated[
        str, Meta(description="The PEM itself, instead of `ca_cert` and `ca_path`.")
    ] = ""
    client_cert: Annotated[
        LocalPath, Meta(description="PEM certificate presented to Vault; needs `client_key`.")
    ] = ""
    client_key: Annotated[LocalPath, Meta(description="PEM key of `client_cert`.")] = ""
    tls_server_name: Annotated[
        str,
        Meta(
            description="Name expected in Vault's certificate, if different from the host in `address`."
        ),
    ] = ""
    tls_skip_verify: Annotated[
        bool, Meta(description="Accept any certificate. For experiments only.")
    ] = False
    timeout: Annotated[Deadline, Meta(description="Deadline of each request.")] = 30.0
    start_splay: Annotated[
        Duration,
        Meta(
            description="Wait a random part of this before the first request: for fleets that start in the same second."
        ),
    ] = 0.0


class Kubernetes(Block, tag="kubernetes"):
    """Log in with the pod's service-account token, read again at every login."""

    mount: ClassVar[str] = "auth/kubernetes"

    role: Annotated[str, Meta(min_length=1, description="Role of the auth mount.")]
    token_path: Annotated[LocalPath, Meta(description="The projected token.")] = (
        "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
    )


class AppRole(Block, tag="approle"):
    """Log in with a role id and a secret id, read again at every login."""

    mount: ClassVar[str] = "auth/approle"

    role_id_file_path: Annotated[
        LocalPath, Meta(min_length=1, description="File with the role id.")
    ]
    secret_id_file_path: Annotated[
        LocalPath,
        Meta(
            description="File with the secret id; may be omitted if the role has `bind_secret_id=false`."
        ),
    ] = ""
    remove_secret_id_file_after_reading: Annotated[
        bool,
        Meta(
            description="Remove the file after a successful login; the secret id is then kept in memory, because it exists nowhere else."
        ),
    ] = True
    secret_id_response_wrapping_path: Annotated[
        str,
        Meta(
            description="Set if the file holds a wrapping token: its `creation_path` must be this, for example `auth/approle/role/app/secret-id`, which is checked before unwrapping."
        ),
    ] = ""


class Jwt(Block, tag="jwt"):
    """Log in with a JWT from a file, read again at every login."""

    mount: ClassVar[str] = "auth/jwt"

    path: Annotated[LocalPath, Meta(min_length=1, description="File with the JWT.")]
    role: Annotated[str, Meta(min_length=1, description="Role of the auth mount.")]
    remove_jwt_after_reading: Annotated[
        bool,
        Meta(
            description="Remove the file after a successful login. The JWT is not kept in memory: the next login needs a new one."
        ),
    ] = True
    remove_jwt_follows_symlinks: Annotated[
        bool,
        Meta(
            description="If `path` is a symlink, remove its target; otherwise neither is removed."
        ),
    ] = False


class Cert(Block, tag="cert"):
    """Log in with a TLS client certificate, read again at every login; needs `https://`."""

    mount: ClassVar[str] = "auth/cert"

    name: Annotated[str, Meta(description="Certificate role; if empty, all are tried.")] = ""
    client_cert: Annotated[
        LocalPath,
        Meta(description="PEM certificate; if there is no pair here, the one in `vault` is used."),
    ] = ""
    client_key: Annotated[LocalPath, Meta(description="PEM key of `client_cert`.")] = ""


class TokenFile(Block, tag="token_file"):
    """Use a token from a file that another program wrote; for development."""

    mount: ClassVar[str] = ""

    token_file_path: Annotated[LocalPath, Meta(min_length=1, description="File with the token.")]


# Each has its type as a tag, by which msgspec distinguishes a union's members, and where its auth
# method usually is.
MethodConfig = Kubernetes | AppRole | Jwt | Cert | TokenFile

# `auto_auth.method.type` → block of `config`.
METHODS: dict[str, type[MethodConfig]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(MethodConfig)
}


class Method(Block):
    """How to log in."""

    type: Annotated[
        Literal[*METHODS],  # type: ignore[valid-type]
        Meta(description="Kind of identity to log in with."),
    ]
    config: Annotated[MethodConfig, Meta(description="Options of the method, below.")]
    mount_path: Annotated[
        str, Meta(description="Where the auth method is mounted; by default `auth/TYPE`.")
    ] = ""
    namespace: Annotated[
        Namespace, Meta(description="Namespace of the login; if empty, `vault.namespace`.")
    ] = ""
    min_backoff: Annotated[Duration, Meta(description="First wait after a failed login.")] = 1.0
    max_backoff: Annotated[Duration, Meta(description="Longest wait between login attempts.")] = (
        20.0
    )
    exit_on_err: Annotated[
        bool, Meta(description="Exit with code 3 if a login fails, instead of retrying.")
    ] = False


class SinkConfig(Block):
    """Where a file sink writes."""

    path: Annotated[AbsolutePath, Meta(min_length=1, description="The token's file.")]
    mode: Annotated[Perms, Meta(description="Its mode, as a quoted octal string.")] = 0o600
    uid: Annotated[
        int, Meta(ge=-1, le=2**32 - 2, description="Its owner; -1 leaves it unchanged.")
    ] = -1
    gid: Annotated[
        int, Meta(ge=-1, le=2**32 - 2, description="Its group; -1 leaves it unchanged.")
    ] = -1


class Sink(Block):
    """A file that gets the token, for programs that talk to Vault themselves."""

    config: Annotated[SinkConfig, Meta(description="Options of the file.")]
    type: Annotated[Literal["file"], Meta(description="The only type.")] = "file"
    wrap_ttl: Annotated[
        Duration,
        Meta(
            description="Write a wrapping token instead, good for one use within this time (the response of `sys/wrapping/wrap`, as JSON); 0 = the token itself."
        ),
    ] = 0.0


class AutoAuth(Block):
    """How this process logs in to Vault."""

    method: Annotated[Method, Meta(description="The login.")]
    sinks: Annotated[
        tuple[Sink, ...], Meta(description="Files that get the token; none by default.")
    ] = ()
