"""Parts of other blocks: commands, checks and waiting times."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta

from injector.config.model.types import Argv, Block, Deadline, Duration


class Command(Block):
    """A program with arguments; no shell is involved."""

    command: Annotated[Argv, Meta(min_length=1, description="Program and arguments.")]
    timeout: Annotated[
        Deadline, Meta(description="After this, its whole process group is killed.")
    ] = 30.0


class Check(Block):
    """A check that new content has to pass before anybody sees it."""

    command: Annotated[
        Argv,
        Meta(
            description="Program and arguments, which must succeed; `{staged}` is the path of the new file, or of the bundle's new directory."
        ),
    ] = ()
    timeout: Annotated[Deadline, Meta(description="Deadline of `command`.")] = 30.0
    format: Annotated[
        Literal["json", "yaml", "toml", "ini", "pem"] | None,
        Meta(description="The file must be valid in this format."),
    ] = None


class Wait(Block):
    """Quiescence: wait until nothing has changed for `min`, at most `max`."""

    min: Annotated[Duration, Meta(description="How long nothing must have changed.")] = 2.0
    max: Annotated[Duration, Meta(description="Longest wait; 0 means four times `min`.")] = 0.0
