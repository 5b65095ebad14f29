"""Many injectors against one server: neither an outage nor a cold start makes them one.

`FLEET=500 pytest tests/engine/test_fleet.py --timeout 900 -s` for the whole fleet, and its figures.
"""

import asyncio
import contextlib
import io
import os
import random
from collections import Counter

import pytest

from injector.base.log import logger
from injector.base.redactor import Redactor
from injector.runtime.assembly import Assembly
from injector.runtime.services import alongside
from injector.runtime.state import ProcessState
from tests.support.engine import configuration, load_from

FLEET = int(os.environ.get("FLEET", "40"))
SPLAY = 10.0
# Of 500: a smaller fleet makes a rougher curve, so it is allowed a larger part of itself.
MOST_AT_ONCE = 0.2 if FLEET >= 500 else 0.3


class Fleet:
    """Engines in one process, each with its own randomness, login, files and record."""

    def __init__(self, app, proxy, clock, tmpfs, tmp_path):
        self.clock, self.proxy = clock, proxy
        self.assemblies = []
        self.asked = []  # (when, by which token or login, what)
        proxy.meanwhile = self._note
        self._stack = contextlib.AsyncExitStack()
        for number in range(FLEET):
            (tmpfs / str(number)).mkdir()
            (tmp_path / str(number)).mkdir()
            entry = {"contents": "{{ db.v }}", "destination": str(tmpfs / str(number) / "db.env")}
            config = configuration(
                app, proxy.address, secrets={"db": {"path": app.path("db")}}, template=[entry]
            )
            config["vault"]["start_splay"] = SPLAY
            redactor = Redactor()
            log = logger(
                level="error", style="json", redact=redactor.proofread, stream=io.StringIO()
            )
            state = ProcessState(clock, log, redactor, {}, random.Random(number).random)
            self.assemblies.append(Assembly(load_from(tmp_path / str(number), config), state))

    def _note(self, request):
        who = request.headers.get("X-Vault-Token", "")
        self.asked.append((self.clock.now(), who, request.path))

    async def __aenter__(self):
        over = asyncio.Event()
        tasks = [
            asyncio.create_task(alongside(assembly.services(), over.wait()))
            for assembly in self.assemblies
        ]

        async def end():
            over.set()
            await asyncio.gather(*tasks)
            for assembly in self.assemblies:
                await assembly.close()

        self._stack.push_async_callback(end)
        await self.clock.settled()
        return self

    async def __aexit__(self, *exc):
        await self._stack.aclose()

    @property
    def healthy(self):
        return sum(assembly.health.settled for assembly in self.assemblies)

    async def until_healthy(self, limit):
        started = self.clock.now()
        while self.healthy < FLEET:
            await self.clock.advance(0.5)
            assert self.clock.now() - started <= limit
        return self.clock.now() - started


def peak(times):
    """Return how many of these are in the busiest second."""
    return max(sum(start <= at < start + 1 for at in times) for start in times)


@pytest.mark.timeout(900)
async def test_a_fleet_neither_starts_nor_recovers_in_one_second(lab):
    lab.put("db", v="one")
    async with Fleet(lab.app, lab.proxy, lab.clock, lab.tmpfs, lab.folder) as fleet:
        cold = await fleet.until_healthy(60)
        first_logins = [at for at, _, path in fleet.asked if path.endswith("/login")]
        assert len(first_logins) == FLEET
        assert peak(first_logins) <= MOST_AT_ONCE * FLEET

        await lab.clock.advance(60)
        lab.proxy.status = 503
        await lab.clock.advance(300)
        lab.proxy.status = None
        fleet.asked.clear()
        back = await fleet.until_healthy(60)
        firsts: dict[str, float] = {}
        for at, who, path in fleet.asked:
            if not path.endswith("sys/health"):
                firsts.setdefault(who, at)
        assert len(firsts) == FLEET
        assert peak(list(firsts.values())) <= MOST_AT_ONCE * FLEET

    per_engine = Counter(who for _, who, path in fleet.asked if not path.endswith("sys/health"))
    print(
        f"{FLEET} injectors: cold start {peak(first_logins)} logins in the busiest second, all "
        f"healthy after {cold:.1f} s; after 300 s of outage {peak(list(firsts.values()))} first "
        f"requests in the busiest second, all healthy after {back:.1f} s, "
        f"{max(per_engine.values())} requests each at most"
    )
