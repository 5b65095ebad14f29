"""The issuance budget stops what asks too often, and never what a short life requires."""

from dataclasses import replace

import pytest

from injector.secret import Kind, Life, Timing, worn_at
from tests.model.actions import Fail, Reload, Wait
from tests.model.play import run
from tests.model.vault import CERT, Roles
from tests.model.world import World

HOURS = 5400.0
LONG = Roles(token_ttl=36000, token_max=36000, lease_ttl=36000, lease_max=36000, cert_ttl=36000)


class Demand:
    """Somebody asks for new credentials again and again, as a script with a bug does."""

    def __init__(self, name: str, times: int, every: float) -> None:
        self.name, self.times, self.every = name, times, every
        self.refused: list[str] = []

    async def play(self, play):
        ref = play.assembly.watch.named()[self.name]
        for _ in range(self.times):
            play.model.rules.forgiven.add(ref.path)
            answer = play.assembly.watch.refresh([ref])[ref]
            await play.clock.settled()
            if error := answer.result():
                self.refused.append(str(error))
            await play.clock.advance(self.every)


class Stopped:
    """The budget is spent, and not even once more was asked for than it allows."""

    async def play(self, play):
        [lost] = play.server.faults
        assert 60 - lost.left <= 1 + play.world.budget  # one was free: it was due
        assert "issuance_budget" in play.output.getvalue()


@pytest.mark.parametrize("life", [6.0, 60.0])
def test_a_certificate_however_short_lived_is_never_read_expired(life):
    run(World(with_lives(cert_ttl=life), budget=10), [Wait(HOURS)])


def test_a_lease_that_cannot_be_renewed_never_ends_in_use():
    roles = with_lives(lease_ttl=20.0, lease_max=20.0, lease_renewable=False)
    run(World(roles, budget=10), [Wait(1500)])


def test_a_lease_that_ends_with_each_of_many_tokens_never_ends_in_use():
    roles = with_lives(token_ttl=30.0, token_max=30.0, token_renewable=False)
    run(World(roles, budget=10), [Wait(1500)])


def test_refreshes_spend_the_budget_and_no_certificate_dies_of_it():
    asked = Demand("cert", times=40, every=1.0)
    run(World(with_lives(cert_ttl=20.0), budget=3), [Wait(11), asked, Wait(700)])
    assert len(asked.refused) > 30
    assert "issuance_budget" in asked.refused[0]


def test_lost_answers_spend_the_budget_although_each_request_was_due():
    lost = Fail(CERT, "lost", 60)
    world = World(with_lives(cert_ttl=60.0), budget=3)
    run(world, [Wait(20), lost, Wait(400), Stopped()])


def test_a_reload_does_not_refill_the_budget_of_lost_answers():
    lost = Fail(CERT, "lost", 60)
    reloads = [act for _ in range(5) for act in (Reload("all"), Wait(20))]
    world = World(with_lives(cert_ttl=60.0), budget=3)
    run(world, [Wait(20), lost, Wait(60), *reloads, Stopped()])


def test_what_lives_too_short_for_any_schedule_is_no_reason_for_the_next_one():
    for kind in (Kind.CERTIFICATE, Kind.TTL, Kind.LEASE):
        assert worn_at(Life(kind, 100.0, duration=1.5), 100.0, Timing()) == float("inf")
        assert worn_at(Life(kind, 100.0, duration=2.0), 100.0, Timing()) == 101.0


def test_a_value_may_be_replaced_before_the_earliest_moment_of_its_schedule():
    life = Life(Kind.CERTIFICATE, 100.0, duration=60.0)
    assert worn_at(life, 100.0, Timing(threshold=0.7)) == 130.0
    assert worn_at(life, 100.0, Timing(threshold=0.3)) == pytest.approx(112.0)


def with_lives(**lives) -> Roles:
    return replace(LONG, **lives)
