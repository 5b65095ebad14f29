"""Runs the whole engine on an injected clock, against the real server."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from injector.base.log import logger
from injector.base.redactor import Redactor
from injector.runtime.assembly import Assembly
from injector.runtime.plan import Plan, plan
from injector.runtime.services import alongside
from injector.runtime.state import ProcessState
from injector.sources.vault import Token
from injector.targets.child import Command
from tests.support.app import App
from tests.support.fakes import LIMIT, FakeClock


def configuration(app: App, address: str, **blocks: Any) -> dict[str, Any]:
    """The least that logs in as `app`; blocks are added or replace what is there."""
    return {
        "vault": {"address": address},
        "auto_auth": {
            "method": {
                "type": "approle",
                "config": {
                    "role_id_file_path": str(app.role_id),
                    "secret_id_file_path": str(app.secret_id),
                    "remove_secret_id_file_after_reading": False,
                },
            }
        },
        **blocks,
    }


def load_from(folder: Path, config: dict[str, Any]) -> Plan:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return plan(str(path), {})


@dataclass
class Engine:
    """A running assembly and what it logs."""

    assembly: Assembly
    state: ProcessState
    output: io.StringIO

    @property
    def log(self) -> str:
        return self.output.getvalue()

    @property
    def token(self) -> Token:
        token = self.assembly.tokens.held
        assert token is not None
        return token

    @property
    def command(self) -> Command:
        """The supervised command."""
        assert self.state.command is not None
        return self.state.command

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what has been logged under this name."""
        logged = [json.loads(line) for line in self.log.splitlines()]
        return [event for event in logged if event["event"] == name]

    async def log_has(self, text: str) -> None:
        """Wait, in real time, until the log has this: for what hangs and so never settles."""
        async with asyncio.timeout(LIMIT):
            while text not in self.log:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0)


def fresh_state(clock: FakeClock, output: io.StringIO, *, jitter: float = 0.5) -> ProcessState:
    redactor = Redactor()
    log = logger(level="debug", style="json", redact=redactor.proofread, stream=output)
    return ProcessState(clock, log, redactor, {}, lambda: jitter)


@contextlib.asynccontextmanager
async def engine(
    loaded: Plan,
    clock: FakeClock,
    *,
    state: ProcessState | None = None,
    jitter: float = 0.5,
    settle: bool = True,
    stays: bool = False,
) -> AsyncIterator[Engine]:
    """Run an assembly until the block ends; it has settled when the block begins.

    With `stays` its supervised command goes on, as in a reload.
    """
    output = io.StringIO()
    state = state or fresh_state(clock, output, jitter=jitter)
    assembly = Assembly(loaded, state)
    over = asyncio.Event()
    task = asyncio.create_task(alongside(assembly.services(), over.wait()))
    try:
        if settle:
            await clock.settled()
        yield Engine(assembly, state, output)
    finally:
        over.set()
        try:
            await task
        finally:
            if assembly.child is not None and not stays:
                await assembly.child.close()
            await assembly.close()
