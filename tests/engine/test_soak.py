"""Ten thousand rotations, one request in twenty failing: nothing may grow.

`SOAK_ROTATIONS=1000000 pytest tests/engine/test_soak.py --timeout 7200` for a night.
"""

import asyncio
import contextlib
import gc
import io
import os
import random
from dataclasses import dataclass

import pytest
import yaml

from injector.base.log import logger
from injector.base.redactor import Redactor
from injector.runtime.assembly import Assembly
from injector.runtime.plan import plan
from injector.runtime.services import alongside
from injector.runtime.state import ProcessState
from tests.model.clock import ModelClock
from tests.model.rules import Rules
from tests.model.server import ModelServer, serving
from tests.model.vault import DB, Model, Roles
from tests.model.world import connection
from tests.support.fakes import idle_loop

ROTATIONS = int(os.environ.get("SOAK_ROTATIONS", "10000"))
SECRETS = [f"s{number}" for number in range(20)]
FAULTS = ["500", "502", "503", "429", "412", "reset", "html", "cut"]
SHARE = 0.05


@dataclass(frozen=True)
class Size:
    memory: int
    tasks: int
    descriptors: int


def configuration(folder, url):
    names = [*SECRETS, "db"]
    return {
        **connection(folder),
        "secrets": {
            "db": {"path": DB, "overlap": "1s", "issuance_budget": 1_000_000},
            **{name: {"path": f"secret/data/{name}", "refresh": "1s"} for name in SECRETS},
        },
        "template": [
            {
                "contents": f"{{{{ {name}.{'username' if name == 'db' else 'value'} }}}}",
                "destination": str(folder / name),
                "notify": ["app"],
            }
            for name in names
        ],
        "notify": {"app": {"http": {"url": f"{url}app"}, "wait": {"min": "1s", "max": "1s"}}},
    }


class Nowhere(io.StringIO):
    """A log that keeps nothing: only the engine is to be measured."""

    def write(self, text):
        return len(text)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Soak:
    """Changes each secret as soon as the last change of it is on disk."""

    def __init__(self, folder, clock):
        self.folder = folder
        self.clock = clock
        self.model = Model(clock, Roles(lease_ttl=60, lease_max=150), Rules(clock, 1_000_000))
        self.server = ModelServer(self.model, files_of={"app": []})
        self.rotated = 0
        self._random = random.Random(0)

    def put(self, name):
        self.model.put(name, f"{name}-{self.rotated}")
        del self.model.values[name][:-1]  # nothing but the engine is to be measured

    async def rotate(self, times):
        until = self.rotated + times
        while self.rotated < until:
            await self.clock.advance(1.0)
            for name in SECRETS:
                if (self.folder / name).read_text() == self.model.current(name):
                    self.rotated += 1
                    self.put(name)
            self.server.notifications.clear()
            assert self.model.works((self.folder / "db").read_text())

    def chance(self):
        return self._random.choice(FAULTS) if self._random.random() < SHARE else ""

    async def size(self, assembly):
        """Measure at a moment without faults and connections."""
        self.server.chance = lambda: ""
        await self.clock.advance(30)
        assert assembly.health.failures() == []
        await assembly.transport.reconnect()
        await self.clock.settled()
        gc.collect()
        self.server.chance = self.chance
        return Size(resident(), len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")))


@contextlib.asynccontextmanager
async def soaking(folder):
    soak = Soak(folder, ModelClock())
    for name in SECRETS:
        soak.put(name)
    redactor = Redactor()
    log = logger(level="debug", style="json", redact=redactor.proofread, stream=Nowhere())
    state = ProcessState(soak.clock, log, redactor, {}, random.Random(1).random)
    async with serving(soak.server, folder / "vault.sock") as url:
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(configuration(folder, url)))
        assembly = Assembly(plan(str(path), {}), state)
        over = asyncio.Event()
        task = asyncio.create_task(alongside(assembly.services(), over.wait()))
        try:
            await soak.clock.settled()
            yield soak, assembly
        finally:
            over.set()
            await task
            await assembly.close()


@pytest.mark.timeout(120)
def test_ten_thousand_rotations_with_faults_leave_nothing_behind(tmpfs):
    async def life():
        async with soaking(tmpfs) as (soak, assembly):
            await soak.rotate(ROTATIONS // 4)  # pools, caches and the allocator find their size
            before = await soak.size(assembly)
            started_at, rotated = soak.clock.now(), soak.rotated
            await soak.rotate(ROTATIONS - rotated)
            per_second = (soak.rotated - rotated) / (soak.clock.now() - started_at)
            after = await soak.size(assembly)

            print(
                f"{soak.rotated} rotations, {per_second:.1f} a second of its clock: memory "
                f"{(after.memory - before.memory) / 2**20:+.1f} MiB, tasks {before.tasks} and "
                f"{after.tasks}, descriptors {before.descriptors} and {after.descriptors}"
            )
            assert after.tasks == before.tasks
            assert after.descriptors == before.descriptors
            assert after.memory - before.memory <= 2 * 2**20
            # Each is read every second, ±10 %; a fault costs a few.
            assert per_second >= 0.5 * len(SECRETS)
            assert soak.model.rules.violations == []

    with asyncio.Runner(loop_factory=idle_loop) as runner:
        runner.run(life())
