"""`exec`: the supervised command."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta, field

from injector.config.model.types import Argv, Block, Duration, SignalName


class ExecEnv(Block):
    """Which of the injector's environment variables the command gets."""

    pristine: Annotated[bool, Meta(description="None of them.")] = False
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Only names that match one of these globs. Names that begin with `VAULT_`, `BAO_` or `INJECTOR_` are passed on only if a glob begins that way too."
        ),
    ] = ()
    deny: Annotated[
        tuple[str, ...],
        Meta(description="No names that match one of these globs; overrides `allow`."),
    ] = ()
    custom: Annotated[tuple[str, ...], Meta(description="`NAME=value` to add.")] = ()


class Exec(Block):
    """The supervised command."""

    command: Annotated[
        Argv,
        Meta(description="Program and arguments; `injector run -c FILE -- CMD` overrides it."),
    ] = ()
    restart_on_secret_changes: Annotated[
        Literal["always", "never"],
        Meta(
            description="Whether to restart when a variable changes; with `never`, the next start sees it."
        ),
    ] = "always"  # noqa: S105 - a policy, not a secret
    restart_stop_signal: Annotated[
        SignalName, Meta(description="Signal that stops it for a restart.")
    ] = "SIGTERM"
    restart_on_crash: Annotated[
        Literal["never", "always"],
        Meta(
            description="If it exits with a code other than 0, or by a signal that nobody sends on purpose: exit with the same code, or start it again after 1 s to 60 s."
        ),
    ] = "never"
    kill_timeout: Annotated[
        Duration, Meta(description="After this, SIGKILL for it and everything it has started.")
    ] = 30.0
    mask_output: Annotated[
        bool, Meta(description="Replace live secret values in what it prints.")
    ] = False
    env: Annotated[ExecEnv, Meta(description="Its environment.")] = field(default_factory=ExecEnv)
