"""What the steps of the story act on: server, application, injector and figures."""

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from injector.base.clock import Clock
from injector.dev.child import Child, Line, child
from injector.dev.cluster import Cluster
from injector.dev.demo.application import masked
from injector.dev.demo.directory import Directory
from injector.dev.demo.server import Server
from injector.dev.timeline import Timeline


@dataclass(slots=True)
class Stage:
    """Everything that takes part. `started` holds the process ids, to check that all ended."""

    clock: Clock
    timeline: Timeline
    environ: Mapping[str, str] = field(repr=False)
    directory: Directory
    cluster: Cluster
    server: Server
    ends: contextlib.AsyncExitStack
    started: list[int]
    figures: list[tuple[str, str, str]] = field(default_factory=list)

    async def start_application(self) -> Child:
        program = (sys.executable, "-m", "injector.dev.demo.application")
        application = await self.start(
            "application", *program, str(self.directory.rendered), str(self.directory.pid_file)
        )
        await application.line("ready".__eq__, "'ready'")
        return application

    async def start_injector(self, *arguments: str) -> Child:
        return await self.start("injector", sys.executable, "-m", "injector", *arguments)

    async def start(self, name: str, *argv: str) -> Child:
        """Start a program that ends with the stage at the latest."""
        running = child(name, *argv, clock=self.clock, environ=self.environ)
        started = await self.ends.enter_async_context(running)
        self.started.append(started.pid)
        return started

    def measured(self, name: str, seconds: float, remark: str = "") -> None:
        """Keep a figure for the closing table."""
        self.figures.append((name, f"{seconds * 1000:.0f} ms", remark))


async def event(injector: Child, name: str, *, since: int = 0, **facts: str) -> Line:
    """Wait for the injector to log this event with these facts."""
    wanted = {"event": name, **facts}.items()
    return await injector.line(
        lambda text: wanted <= fields(text).items(), f"'{name}'", since=since
    )


def between(first: Line, second: Line) -> float:
    """Return the seconds between two events by the injector's own stamps.

    Lines that are logged at nearly the same time also arrive at the same time.
    """
    stamps = [datetime.fromisoformat(fields(line.text)["timestamp"]) for line in (first, second)]
    return (stamps[1] - stamps[0]).total_seconds()


def count(injector: Child, name: str) -> int:
    return sum(fields(line.text).get("event") == name for line in injector.lines)


def fields(text: str) -> dict[str, Any]:
    """Return a line of the injector's log as a mapping; empty if it is not one."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


async def holds(application: Child, value: str, *, since: int = 0) -> Line:
    """Wait for the application to say that it holds this value."""
    shown = f"={masked(value)}"
    return await application.line(
        lambda text: text.startswith("holds ") and shown in text, shown[1:], since=since
    )
