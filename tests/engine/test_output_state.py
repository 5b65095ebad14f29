"""What is known about an output, and what of it a reload carries over."""

import pytest

from injector.engine.delivery.output_state import OutputState
from injector.engine.store import Generation
from injector.secret import Kind, Life
from injector.sources.vault.ref import VaultRef

DB = VaultRef("database/creds/app")


def generation(number):
    return Generation(DB, number, None, Life(Kind.LEASE, 0.0, 60.0), None, 0.0)


ONE, TWO = generation(1), generation(2)


@pytest.fixture
def state():
    """Accepted with the first value, and written with the second."""
    state = OutputState()
    state.record_written({DB: ONE})
    state.record_accepted()
    state.record_written({DB: TWO})
    return state


def reloaded(state, *, is_intact=True):
    after = OutputState()
    after.resume(state, is_intact=is_intact)
    return after


def test_what_is_written_is_new_until_it_is_accepted(state):
    assert [new.generation for new in state.unaccepted(state.written)] == [2]

    state.record_accepted()

    assert state.unaccepted(state.written) == []


def test_only_what_readers_did_not_see_is_new_to_them(state):
    assert state.record_written({DB: TWO}) == []
    assert [new.generation for new in state.record_written({DB: ONE})] == [1]


def test_after_a_rollback_readers_see_what_was_accepted(state):
    state.return_to_accepted()

    assert state.written == {DB: ONE}


def test_what_is_rejected_again_leaves_what_readers_see(state):
    state.keep_accepted()
    assert state.written == {DB: TWO}

    fresh = OutputState(accepted={DB: ONE})
    fresh.keep_accepted()
    assert fresh.written == {DB: ONE}
    assert fresh.settled


def test_a_reload_carries_over_what_readers_see_as_long_as_it_is_intact(state):
    assert reloaded(state).written == {DB: TWO}
    assert reloaded(state).in_place

    changed = reloaded(state, is_intact=False)
    assert changed.written == {}
    assert not changed.in_place
    assert changed.accepted == {DB: ONE}


def test_after_a_reload_an_output_has_yet_to_be_written_by_the_new_configuration(state):
    assert state.settled
    assert not reloaded(state).settled


def test_what_was_removed_is_not_carried_over(state):
    state.record_removed()

    assert not reloaded(state).in_place
    assert reloaded(state).written == {}


def test_a_failure_is_remembered_until_its_recovery_but_its_retries_begin_anew(state):
    state.record_failure()
    after = reloaded(state)
    assert after.failing
    assert after.failures == 0

    after.record_written({DB: TWO})

    assert not after.failing


def test_two_configurations_do_not_share_what_they_know(state):
    after = reloaded(state)

    after.record_removed()
    after.accepted.clear()

    assert state.written == {DB: TWO}
    assert state.accepted == {DB: ONE}
