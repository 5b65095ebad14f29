"""How fast, and how evenly, things go on after an outage."""

import asyncio

import pytest

from injector.base.retry import spread
from tests.model.play import playing
from tests.model.world import World
from tests.support.fakes import idle_loop


@pytest.mark.parametrize(
    ("outage", "seconds"),
    [(0.01, 0.01), (5, 0.5), (60, 0.5), (150, 0.5), (180, 2.5), (300, 10), (86400, 10)],
)
def test_how_long_a_fleet_takes_to_recover(outage, seconds):
    assert spread(outage) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("kind", "within"),
    [
        ("503", 3.0),
        ("502", 3.0),
        ("bad gateway", 3.0),
        ("no backend", 3.0),
        ("gateway timeout", 3.0),
        ("html", 3.0),
        ("reset", 3.0),
        ("hang", 8.0),
    ],
)
def test_a_new_value_is_on_disk_seconds_after_an_outage(kind, within):
    """Also if everything was swallowed: a probe does not hang as long as a request may."""

    async def history():
        for seed in range(5):
            async with playing(World(seed=seed)) as play:
                await play.clock.advance(30)
                play.server.outage = kind
                play.model.trouble(300)
                await play.clock.advance(120)
                play.server.outage = ""
                play.checks.change("a")
                await play.clock.advance(within)

                assert play.files["a"].read_text() == f"a={play.model.current('a')}\n"

    with asyncio.Runner(loop_factory=idle_loop) as runner:
        runner.run(history())
