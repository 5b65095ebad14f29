"""`notify`: how an application is told, and asked."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta, field

from injector.config.model.command import Wait
from injector.config.model.types import AbsolutePath, Argv, Block, Duration, LocalPath, SignalName


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
