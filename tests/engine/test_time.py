"""Clocks that step, stand still or are wrong, rotations, and requests that hang.

On the model.
"""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.model.actions import Step, Wait
from tests.model.play import playing, run
from tests.model.server import Fault
from tests.model.vault import DB, Roles
from tests.model.world import REFRESH, World
from tests.support.fakes import idle_loop

# Everything falls due several times within minutes, and nothing comes to its max TTL.
BUSY = Roles(token_ttl=120, token_max=36000, lease_ttl=60, lease_max=36000, cert_ttl=100)


def play(history):
    with asyncio.Runner(loop_factory=idle_loop) as runner:
        return runner.run(history)


def calls(played, part):
    return [call.at for call in played.model.rules.calls if part in call.what]


# --- clocks


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_stepped_wall_clock_changes_no_schedule(seconds):
    async def asked(step):
        async with playing(World(BUSY)) as played:
            await played.clock.advance(100)
            played.clock.stepped = step
            await played.clock.advance(300)
            return [str(call) for call in played.model.rules.calls]

    assert play(asked(seconds)) == play(asked(0.0))
    run(World(BUSY), [Step(seconds), Wait(300), Step(-2 * seconds), Wait(300)])


def test_after_a_suspend_of_hours_everything_is_replaced_at_once():
    """Token, lease and certificate have died meanwhile. A suspend is noticed within 15 s."""

    async def history():
        for seed in range(5):
            async with playing(World(BUSY, seed=seed)) as played:
                await played.clock.advance(100)
                played.checks.change("a")
                played.model.trouble(7200 + 5)
                await played.clock.jump(7200)
                await played.clock.advance(5)

                assert played.files["a"].read_text() == f"a={played.model.current('a')}\n"
                _, _, user = played.files["db"].read_text().strip().partition("=")
                assert played.model.works(user)
                assert len(calls(played, "/login")) == 2
                assert len(calls(played, f"GET {DB}")) == 2

    play(history())


# --- a rotation of the server's own


def test_a_static_role_is_locked_to_its_rotations():
    """Each is found by one request, besides the one at the interval; at first by a few."""
    idle = Roles(36000, 36000, lease_ttl=36000, lease_max=36000, cert_ttl=36000)

    async def history():
        for seed in range(3):
            async with playing(World(idle, seed=seed)) as played:
                await played.clock.advance(3 * idle.rotation)
                played.model.rules.calls.clear()
                await played.clock.advance(10 * idle.rotation)

                assert len(calls(played, "static-creds")) <= 2 * 10

    play(history())


# --- hanging requests

ON_TIME = {
    "secret/data/b": (0.9 * REFRESH, 1.1 * REFRESH),
    "leases/renew": (0.6 * 60, 0.75 * 60),
    "pki/issue": (0.6 * 100, 0.75 * 100),
    "renew-self": (0.6 * 120, 0.75 * 120),
}


@pytest.mark.parametrize("hanging", ["data/a", "login", "renew-self", "leases/renew", "pki/issue"])
def test_what_hangs_delays_nothing_else(hanging):
    """A black hole for one thing: all others are on time, to a tenth of a second."""
    roles = replace(BUSY, token_renewable=hanging != "login")
    others = ON_TIME.keys() - {hanging, "" if roles.token_renewable else "renew-self"}
    # Without a token nothing can be asked for: this one lives for 120 s.
    seconds = 100 if hanging in ("login", "renew-self") else 600

    async def history():
        async with playing(World(roles)) as played:
            await played.clock.advance(10)
            played.server.faults.append(Fault(hanging, "hang", 10**6))
            played.model.trouble(10_000)
            await played.clock.advance(seconds)

            assert any(call.status <= 0 for call in played.model.rules.calls)
            for part in others:
                soonest, latest = ON_TIME[part]
                gaps = [b - a for a, b in pairwise(calls(played, part))]
                assert gaps
                assert min(gaps) >= soonest - 1.0  # a life is rounded to seconds
                assert max(gaps) <= latest + 0.1

    play(history())
