"""Plays a history of actions against the engine, with the model as its Vault."""

import asyncio
import contextlib
import io
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import yaml

from injector.base.log import logger
from injector.base.redactor import Redactor
from injector.runtime.assembly import Assembly, take_over
from injector.runtime.once import LAST_REQUESTS
from injector.runtime.plan import Plan, plan
from injector.runtime.services import alongside
from injector.runtime.state import ProcessState
from tests.model.checks import Checks, Now
from tests.model.clock import ModelClock
from tests.model.rules import Rules
from tests.model.server import ModelServer, serving
from tests.model.vault import CERT, DB, Model
from tests.model.world import FILES, TARGETS, World, configuration, wanted
from tests.support.fakes import idle_loop


class Action(Protocol):
    async def play(self, play: "Play") -> None: ...


class Play:
    """The engine's processes and assemblies, one after the other, under one clock."""

    def __init__(self, world: World, folder: Path, clock: ModelClock) -> None:
        self.world = world
        self.clock = clock
        self.folder = folder
        self.files = {name: folder / name for name in FILES}
        self.output = io.StringIO()
        self.model = Model(clock, replace(world.roles), Rules(clock, world.budget))
        self.server = ModelServer(self.model)
        self.server.files_of = {
            target: [self.files[n] for n, (_, t) in FILES.items() if t == target]
            for target in TARGETS
        }
        self.checks = Checks(world, self.server, self.files, self.output)
        self._url = ""
        self._random = random.Random(world.seed)
        self._variant = "all"
        self._state: ProcessState
        self._process: contextlib.ExitStack
        self._running: tuple[Assembly, asyncio.Event, asyncio.Task[None]]

    @property
    def state(self) -> ProcessState:
        return self._state

    @property
    def assembly(self) -> Assembly:
        return self._running[0]

    async def begin(self, url: str) -> None:
        self._url = url
        for name in ("a", "b"):
            self.checks.change(name)
        self.clock.on_settled.append(self.checks.check)
        await self._new_process()

    async def end(self) -> None:
        await self._stop()
        self._process.close()
        self.clock.on_settled.clear()

    async def reload(self, variant: str) -> None:
        before, variant_before = self.assembly.loaded.config, self._variant
        await self._finish(before.vault.timeout)
        self.model.rules.reloading = True
        await self._stop()
        self.model.rules.reloading = False
        self._variant, self.checks.reloaded_at = variant, self.clock.now()
        self._state.outgrow(before, self._plan().config)
        unwanted = wanted(variant_before) - wanted(variant)
        self.model.rules.forgiven |= {p for n, p in (("db", DB), ("cert", CERT)) if n in unwanted}
        if unwanted:
            self.checks.another_process(variant, persist=True)
        if "db" in unwanted:
            self.model.abandon(DB)
        await self._start()

    async def restart(self, *, killed: bool) -> None:
        """End the process and start another, which knows the files and what is handed over."""
        if not killed:
            await self._finish(LAST_REQUESTS)
        await self._stop(release=not killed)
        if not self.world.persist:
            self.model.epoch += 1
            self.model.rules.another_process()
        self.checks.another_process(self._variant, persist=self.world.persist)
        self._process.close()
        await self._new_process()

    async def heal(self) -> None:
        """Take every fault away and give the engine the time it is allowed."""
        self.server.outage = ""
        self.server.faults.clear()
        self.model.denied.clear()
        for name in ("a", "b"):
            if self.model.current(name) is None:
                self.checks.change(name)
        await self.checks.heal(self.clock)

    async def _new_process(self) -> None:
        redactor = Redactor()
        log = logger(level="debug", style="json", redact=redactor.proofread, stream=self.output)
        self._state = ProcessState(self.clock, log, redactor, {}, self._random.random)
        self._process = contextlib.ExitStack()
        self._process.enter_context(take_over(self._plan(), self._state))
        await self._start()

    async def _start(self) -> None:
        assembly = Assembly(self._plan(), self._state)
        over = asyncio.Event()

        async def until_over() -> None:
            await over.wait()

        task = asyncio.create_task(alongside(assembly.services(), until_over()))
        self._running = assembly, over, task
        self.model.trouble(10.0)
        self.checks.now = Now(self._variant, assembly.health, self._state.store, task)
        await self.clock.settled()

    async def _finish(self, within: float) -> None:
        """Let what must not be cut off be answered, as the daemon does."""
        finished = asyncio.create_task(self.assembly.vault.unrepeatable.finish(self.clock, within))
        await self.clock.settled()
        while not finished.done():
            await self.clock.advance(0.5)
        await finished

    async def _stop(self, *, release: bool = False) -> None:
        assembly, over, task = self._running
        self.checks.now = None
        self.model.rules.stopping = True
        over.set()
        try:
            await task
            if release:
                await assembly.release()
        finally:
            await assembly.close()
        await self.clock.settled()
        self.model.rules.stopping = False
        self.model.rules.another_assembly()

    def _plan(self) -> Plan:
        path = self.folder / "config.yaml"
        config = configuration(self.world, self._variant, self.folder, self._url)
        path.write_text(yaml.safe_dump(config))
        return plan(str(path), {})


@contextlib.asynccontextmanager
async def playing(world: World) -> AsyncIterator[Play]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="injector-play-"))
    try:
        play = Play(world, folder, ModelClock())
        async with serving(play.server, folder / "vault.sock") as url:
            await play.begin(url)
            try:
                yield play
            finally:
                await play.end()
    finally:
        shutil.rmtree(folder)


def run(world: World, actions: Iterable[Action]) -> None:
    """Play a whole history, end with a healed world, and raise what did not hold."""

    async def history() -> None:
        async with playing(world) as play:
            for action in actions:
                await action.play(play)
            await play.heal()

    with asyncio.Runner(loop_factory=idle_loop) as runner:
        runner.run(history())
