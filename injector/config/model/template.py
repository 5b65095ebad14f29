"""`template`, `env_template`, `bundle` and `template_config`: what is made from secrets."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta

from injector.config.model.command import Check, Command, Wait
from injector.config.model.types import (
    AbsolutePath,
    Argv,
    Block,
    Deadline,
    LocalPath,
    Owner,
    Perms,
    Verbatim,
)

Format = Literal[
    "dotenv", "shell", "json", "yaml", "properties", "ini", "raw", "github-env", "netrc", "pgpass"
]


class Template(Block):
    """One file: rendered from a template, or from one secret in a ready-made format."""

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
        Format | None, Meta(description="Ready-made format for `secret`, instead of a template.")
    ] = None
    key: Annotated[
        str, Meta(description="`format: raw`: the key whose value becomes the file.")
    ] = ""
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
            description="`language: go`: directory that `file` and `writeToFile` are confined to; by default, the paths that the template spells out and the directory of its destination."
        ),
    ] = ""
    function_denylist: Annotated[
        tuple[str, ...], Meta(description="`language: go`: functions that are disabled.")
    ] = ()
    left_delimiter: Annotated[str, Meta(description="Opens a variable.")] = "{{"
    right_delimiter: Annotated[str, Meta(description="Closes a variable.")] = "}}"
    error_on_missing_key: Annotated[
        bool,
        Meta(description="A missing key is an error; otherwise it renders as an empty string."),
    ] = True
    perms: Annotated[Perms, Meta(description="Mode of the file, as a quoted octal string.")] = 0o600
    user: Annotated[Owner, Meta(description="Owner, by name or number; unchanged if empty.")] = ""
    group: Annotated[Owner, Meta(description="Group, by name or number; unchanged if empty.")] = ""
    create_dest_dirs: Annotated[
        bool, Meta(description="Create missing parent directories (mode 0755).")
    ] = True
    in_place: Annotated[
        bool,
        Meta(
            description="Overwrite the file instead of renaming, for single-file mounts; readers may see a partial file."
        ),
    ] = False
    on_remove: Annotated[
        Literal["keep", "delete"],
        Meta(description="What happens to the file when a reload removes this entry."),
    ] = "keep"
    command: Annotated[
        Argv,
        Meta(
            description="Command to run after the file has changed; a string is split like a shell command line, but no shell runs it."
        ),
    ] = ()
    command_timeout: Annotated[Deadline, Meta(description="Deadline of `command`.")] = 30.0
    exec: Annotated[Command | None, Meta(description="Vault Agent's newer form of `command`.")] = (
        None
    )
    wait: Annotated[Wait | None, Meta(description="Write only after a quiet time.")] = None
    check: Annotated[
        Check | None,
        Meta(description="A check that the new content has to pass before it replaces the old."),
    ] = None
    notify: Annotated[
        tuple[str, ...], Meta(description="Names of the `notify` entries to notify.")
    ] = ()

    @property
    def appends(self) -> bool:
        """Return whether it appends to a file that another program creates."""
        return self.format == "github-env"

    @property
    def is_discarded(self) -> bool:
        """Return whether only the additional files of a Go template are kept."""
        return self.language == "go" and self.destination == "/dev/null"


class Bundle(Block):
    """Files that change together or not at all."""

    name: Annotated[str, Meta(min_length=1, description="Its name in logs, status and metrics.")]
    directory: Annotated[
        AbsolutePath,
        Meta(min_length=1, description="The directory in which readers open the files."),
    ]
    template: Annotated[tuple[Template, ...], Meta(min_length=1, description="The files.")]
    check: Annotated[
        Check | None,
        Meta(
            description="A check that has to pass before the swap; `{staged}` is the new directory."
        ),
    ] = None
    wait: Annotated[Wait | None, Meta(description="Swap only after a quiet time.")] = None
    on_remove: Annotated[
        Literal["keep", "delete"],
        Meta(description="What happens to the files when a reload removes this entry."),
    ] = "keep"
    notify: Annotated[
        tuple[str, ...], Meta(description="Names of the `notify` entries to notify.")
    ] = ()


class TemplateConfig(Block):
    """Settings for every template and secret."""

    static_secret_render_interval: Annotated[
        float,
        Meta(
            gt=0,
            extra={"written": "duration"},
            description="How often static secrets are re-read, ±10 %.",
        ),
    ] = 60.0
    lease_renewal_threshold: Annotated[
        float,
        Meta(
            gt=0.1,
            le=0.95,
            description="A lease is renewed or replaced at a random share of its life, between 0.10 below and 0.05 above this.",
        ),
    ] = 0.70
    max_connections_per_host: Annotated[
        int,
        Meta(
            ge=1,
            description="Maximum number of concurrent requests for secrets; the token has an additional connection.",
        ),
    ] = 10
    exit_on_retry_failure: Annotated[
        bool,
        Meta(
            description="`run` exits with the error's code if a secret or file fails in a way that waiting will not fix."
        ),
    ] = False
    exit_on_retry_failure_after: Annotated[
        float,
        Meta(
            ge=0,
            extra={"written": "duration"},
            description="How long Vault has to refuse a secret until `exit_on_retry_failure` applies; somebody may be about to grant or to write it.",
        ),
    ] = 5.0
    require_memory_backed: Annotated[
        bool, Meta(description="Refuse destinations that are not on tmpfs or ramfs.")
    ] = True
    require_trusted_directory: Annotated[
        bool,
        Meta(
            description="Refuse destinations where another user could put a file of theirs in the place of ours."
        ),
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
            description="`language: go`: directory that `file` is confined to; by default, the paths that the template spells out."
        ),
    ] = ""
    function_denylist: Annotated[
        tuple[str, ...], Meta(description="`language: go`: functions that are disabled.")
    ] = ()
    error_on_missing_key: Annotated[
        bool,
        Meta(description="A missing key is an error; otherwise it renders as an empty string."),
    ] = True
    left_delimiter: Annotated[str, Meta(description="Opens a variable.")] = "{{"
    right_delimiter: Annotated[str, Meta(description="Closes a variable.")] = "}}"
