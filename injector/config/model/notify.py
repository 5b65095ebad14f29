"""`notify`: how an application is notified, and how it confirms."""

# ruff: noqa: E501 - a description is a sentence of the documentation, and stays one line

from typing import Annotated, Literal

from msgspec import Meta, field

from injector.config.model.command import Wait
from injector.config.model.types import (
    AbsolutePath,
    Argv,
    Block,
    Deadline,
    Duration,
    LocalPath,
    SignalName,
)


class Process(Block):
    """Which process to signal; exactly one of `pid_file`, `name`, `exe` and `child`."""

    pid_file: Annotated[
        AbsolutePath, Meta(description="File with its process id, read at each signal.")
    ] = ""
    name: Annotated[
        str, Meta(description="Its name (`comm`); children of a match are left alone.")
    ] = ""
    exe: Annotated[AbsolutePath, Meta(description="Path of its executable.")] = ""
    child: Annotated[
        bool, Meta(description="The supervised command; it is restarted if there is no `signal`.")
    ] = False
    force: Annotated[
        bool, Meta(description="Send the signal even if the process does not seem to handle it.")
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
        str, Meta(description="Regular expression that the response body must match.")
    ] = ""
    ca_cert: Annotated[
        LocalPath, Meta(description="PEM file of the endpoint's certificate authority.")
    ] = ""
    timeout: Annotated[Deadline, Meta(description="Deadline of one request.")] = 10.0


class Verify(Block):
    """Has the application accepted the change? Exactly one of http, tcp, command."""

    http: Annotated[Http | None, Meta(description="An HTTP check.")] = None
    tcp: Annotated[str, Meta(description="`host:port` that must accept a connection.")] = ""
    command: Annotated[Argv, Meta(description="A command that must succeed.")] = ()
    timeout: Annotated[Deadline, Meta(description="How long to keep trying.")] = 20.0


class Notify(Block):
    """How one application is notified; exactly one of signal, http, command."""

    signal: Annotated[SignalName, Meta(description="Signal to send to `process`.")] = ""
    process: Annotated[Process | None, Meta(description="Which process.")] = None
    http: Annotated[Http | None, Meta(description="A request to send.")] = None
    command: Annotated[Argv, Meta(description="A program to run.")] = ()
    timeout: Annotated[Deadline, Meta(description="Deadline of `command`.")] = 30.0
    wait: Annotated[
        Wait,
        Meta(
            description="Debounce: the first delivery is notified at once, later ones after a quiet time."
        ),
    ] = field(default_factory=lambda: Wait(min=2.0, max=15.0))
    min_interval: Annotated[
        Duration, Meta(description="Minimum time between two notifications.")
    ] = 0.0
    splay: Annotated[
        Duration,
        Meta(
            description="Random extra delay of up to this, so that a fleet does not reload all at once."
        ),
    ] = 0.0
    verify: Annotated[
        Verify | None, Meta(description="How to find out that it accepted the change.")
    ] = None
    on_failure: Annotated[
        Literal["keep", "rollback"], Meta(description="What to do if `verify` fails.")
    ] = "keep"
