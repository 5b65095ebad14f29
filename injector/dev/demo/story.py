"""Runs the demo from beginning to end and checks that it leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from injector.base.clock import SystemClock
from injector.base.errors import InjectorError
from injector.dev.bao import dev_server
from injector.dev.cluster import cluster
from injector.dev.demo import steps
from injector.dev.demo.directory import directory
from injector.dev.demo.server import Server
from injector.dev.demo.stage import Stage
from injector.dev.memory import usual_parents
from injector.dev.timeline import Timeline

NOT_IN_MEMORY = "no writable tmpfs: the demo's files are on disk (require_memory_backed: false)"
INTERRUPTED, TERMINATED = 130, 143


def run() -> int:
    """Tell the story on standard output; return the exit code."""
    clock = SystemClock()
    timeline = Timeline(sys.stdout, clock, name="demo")
    started: list[int] = []
    try:
        asyncio.run(_told(timeline, clock, started))
        _take_inventory(timeline, started)
    except InjectorError as exc:
        timeline.bad(str(exc))
        return 1
    except KeyboardInterrupt:
        timeline.bad("interrupted; everything that it started has ended")
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    timeline.note("Now try: docs/start.md, which goes from here to your own configuration")
    return 0


async def _told(timeline: Timeline, clock: SystemClock, started: list[int]) -> None:
    _end_on_signals()
    _forget_other_servers()
    async with contextlib.AsyncExitStack() as ends:
        timeline.title("vault-injector, live: a real OpenBao, a real application")
        timeline.note("")
        place = ends.enter_context(directory(usual_parents()))
        bao = ends.enter_context(dev_server())
        started.append(bao.process.pid)
        authority = await ends.enter_async_context(cluster(clock))
        server = Server(bao)
        server.set_up(authority)
        timeline.say("server", f"OpenBao {server.version} on {server.address}, in memory")
        timeline.say("server", "KV v2 and v1, login by AppRole and Kubernetes: set up")
        if not place.in_memory:
            timeline.say("injector", NOT_IN_MEMORY)
        stage = Stage(clock, timeline, os.environ, place, authority, server, ends, started)

        injector, application = await steps.first_render(stage)
        await steps.rotation(stage, injector, application)
        await steps.kubernetes_login(stage)
        await steps.renewal(stage, injector)
        await steps.outage(stage, injector, application)
        await steps.end(stage, injector)
    timeline.chapter("Measured")
    timeline.table(stage.figures)


def _end_on_signals() -> None:
    """Let SIGTERM and a closed terminal end the story cleanly; asyncio handles Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _forget_other_servers() -> None:
    """Keep everything here from the user's own Vault, and from ours through a proxy."""
    for name in tuple(os.environ):
        if name.startswith(("VAULT_", "BAO_", "INJECTOR_")) or name.lower().endswith("_proxy"):
            del os.environ[name]


def _take_inventory(timeline: Timeline, started: list[int]) -> None:
    """Make sure that nothing is left. Each process led a session, so its children count too."""
    left = [pid for pid, session in _sessions().items() if session in started]
    if left:
        raise InjectorError(f"still there: process {', '.join(map(str, left))}")
    timeline.good(f"All {len(started)} processes and all files of the demo are gone.")


def _sessions() -> dict[int, int]:
    """Return the session id of every process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has just ended
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = int(after_name[3])
    return found
