"""Every decision about time, as a table: no clock, no server."""

import math

import pytest

from injector.base.errors import AuthError, DeniedError, MissingError, TransientError
from injector.config import model
from injector.engine.auth import timing as token_timing
from injector.engine.delivery.timing import notify_at, quiet_at, worth_a_try_at
from injector.secret import (
    Action,
    Kind,
    Life,
    NextRotation,
    Step,
    Timing,
    after_failed_renewal,
    after_failure,
    after_renewal,
    announced,
    backoff,
    locked,
    next_step,
    still_due,
    worn_at,
)
from injector.sources.vault import Token
from injector.sources.vault.ref import VaultRef
from injector.sources.vault.relogin import Relogin, pause_after

NOW = 1000.0
NEVER = Step(Action.FETCH, math.inf)


def life(kind, duration=math.inf, *, renewable=False, token=math.inf, batch=False):
    return Life(kind, NOW, duration, renewable, token, token_renewable=not batch)


@pytest.mark.parametrize(
    ("now", "jitter", "step"),
    [
        (life(Kind.STATIC), 0.0, Step(Action.FETCH, NOW + 54)),
        (life(Kind.STATIC), 1.0, Step(Action.FETCH, NOW + 66)),
        (life(Kind.LEASE, 100, renewable=True), 0.0, Step(Action.RENEW, NOW + 60)),
        (life(Kind.LEASE, 100, renewable=True), 1.0, Step(Action.RENEW, NOW + 75)),
        (life(Kind.LEASE, 100), 0.0, Step(Action.FETCH, NOW + 60)),
        # The same token could give nothing better: its end is the business of the next token.
        (life(Kind.LEASE, 100, renewable=True, token=NOW + 50), 0.0, Step(Action.RENEW, NOW + 60)),
        (life(Kind.LEASE, 100, renewable=True, token=NOW + 100), 0.0, Step(Action.RENEW, NOW + 60)),
        (life(Kind.LEASE, 9, renewable=True, token=NOW + 10, batch=True), 0, NEVER),
        (life(Kind.LEASE, 9, token=NOW + 10, batch=True), 0, NEVER),
        (life(Kind.LEASE, 5, token=NOW + 10, batch=True), 0.0, Step(Action.FETCH, NOW + 3)),
        (life(Kind.LEASE), 0.0, NEVER),
        (life(Kind.LEASE, 0.5), 1.0, Step(Action.FETCH, NOW + 1)),
        (
            life(Kind.CERTIFICATE, 86400, token=NOW + 10, batch=True),
            0,
            Step(Action.FETCH, NOW + 51840),
        ),
        (life(Kind.CERTIFICATE, -60), 0, Step(Action.FETCH, NOW + 1)),
        (life(Kind.CERTIFICATE, 100, token=NOW + 50), 0.0, Step(Action.FETCH, NOW + 60)),
        (life(Kind.TTL, 100), 1.0, Step(Action.FETCH, NOW + 75)),
        (life(Kind.TTL, 0), 0.5, Step(Action.FETCH, NOW + 1)),
        (life(Kind.TTL, -5), 0.5, Step(Action.FETCH, NOW + 1)),
        (life(Kind.LEASE, 315_360_000), 0.0, Step(Action.FETCH, NOW + 189_216_000)),
        (life(Kind.STATIC_ROLE, 30), 0.5, Step(Action.FETCH, NOW + 29.5)),
        (life(Kind.STATIC_ROLE, 0), 0.5, Step(Action.FETCH, NOW + 0.2)),
        (life(Kind.STATIC_ROLE, 86400), 0.5, Step(Action.FETCH, NOW + 60)),
        (life(Kind.ISSUED), 0.5, NEVER),
    ],
)
def test_when_a_secret_is_due(now, jitter, step):
    found = next_step(now, Timing(refresh=60, threshold=0.70), jitter)

    assert found.action is step.action
    assert found.at == pytest.approx(step.at)


@pytest.mark.parametrize(("refresh", "at"), [(60, NOW + 58.3), (3, NOW + 2.911)])
def test_what_is_read_at_long_intervals_is_read_together(refresh, at):
    """A thousand secrets at 10 s fall due at a hundred moments, or fewer."""
    found = next_step(life(Kind.STATIC), Timing(refresh=refresh), 0.3517)

    assert found.at == pytest.approx(at, abs=0.0005)


def test_a_rotation_is_not_waited_for_longer_than_that():
    rotation = NextRotation(NOW + 4.963, NOW + 4.991)

    found = next_step(life(Kind.STATIC_ROLE), Timing(refresh=60), 0.5, rotation=rotation)

    assert found.at == pytest.approx(NOW + 5.011)


def test_a_lease_expires_with_its_token_but_a_certificate_does_not():
    assert life(Kind.LEASE, 3600, token=NOW + 60).expires_at == NOW + 60
    assert life(Kind.CERTIFICATE, 3600, token=NOW + 60).expires_at == NOW + 3600


# --- static roles


@pytest.mark.parametrize(
    ("earliest", "latest", "wait"),
    [
        (4.5, 5.5, 4.5),  # announced only: from when it is possible
        (4.8, 5.0, 4.9),  # seen closely: in the middle, which halves what is not known
        (4.96, 5.0, 5.02),  # known well: right after it
        (-0.1, 0.1, 0.2),  # due
        (-4.9, -4.8, 0.2),  # just overdue: a server rotates up to 5 s late
        (-5.1, -5.0, 1.0),
        (-60.0, -59.0, 1.0),
        (-600.0, -599.0, 10.0),  # stuck: less and less
        (-36000.0, -35999.0, 60.0),
    ],
)
def test_when_to_look_for_a_rotation(earliest, latest, wait):
    rotation = NextRotation(NOW + earliest, NOW + latest)

    step = next_step(life(Kind.STATIC_ROLE), Timing(refresh=60), 0.5, rotation=rotation)

    assert step.action is Action.FETCH
    assert step.at == pytest.approx(NOW + wait, abs=0.02)


def test_a_rotation_that_does_not_come_causes_no_busy_loop():
    at, asked = NOW, 0
    rotation = announced(Life(Kind.STATIC_ROLE, NOW, 0))
    while at < NOW + 3600:
        rotation = still_due(rotation, Life(Kind.STATIC_ROLE, at, 0))
        at = next_step(Life(Kind.STATIC_ROLE, at, 0), Timing(refresh=60), 0.5, rotation=rotation).at
        asked += 1
        if at < NOW + 60:
            assert asked <= 28 + 55

    assert asked < 350


@pytest.mark.parametrize(
    ("before", "last_asked", "ttl", "rotation"),
    [
        ((-0.5, 0.5), -0.2, 5, (4.8, 5.0)),  # seen within two requests
        ((-0.1, 0.1), -0.2, 5, (4.9, 5.0)),  # as expected: what both say is right
        ((-3.0, -2.9), -0.2, 5, (4.8, 5.0)),  # later than expected: what was seen counts
        ((90.0, 91.0), -30.0, 100, (99.5, 100.5)),  # by hand, in between
        ((-0.5, 0.5), -0.45, 5, (4.5, 5.5)),  # not seen closely
    ],
)
def test_a_rotation_reveals_when_the_next_one_is(before, last_asked, ttl, rotation):
    found = locked(
        NextRotation(NOW + before[0], NOW + before[1]),
        NOW + last_asked,
        life(Kind.STATIC_ROLE, ttl),
    )

    assert (found.earliest, found.latest) == pytest.approx((NOW + rotation[0], NOW + rotation[1]))


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        (3, (2.9, 3.1)),  # as known, and rounded: what was seen is better
        (86400, (2.9, 3.1)),  # a schedule's ttl has started anew, the password has not changed yet
        (1, (0.5, 1.5)),  # the period was made shorter
    ],
)
def test_an_expected_rotation_stays_until_it_comes_unless_it_comes_earlier(ttl, expected):
    found = still_due(NextRotation(NOW + 2.9, NOW + 3.1), life(Kind.STATIC_ROLE, ttl))

    assert (found.earliest, found.latest) == pytest.approx((NOW + expected[0], NOW + expected[1]))


def test_the_lock_finds_the_moment_of_a_steady_rotation():
    """Simulate a role that is rotated every 5 s, asked by nothing but these functions."""
    first, period = NOW + 3.37, 5.0
    at, rotation, last_asked, seen, late = NOW, None, 0.0, 0, []
    while at < NOW + 200:
        rotations = math.floor((at - first) / period) + 1
        ttl = round(first + rotations * period - at)
        now = Life(Kind.STATIC_ROLE, at, ttl)
        if rotation is None:
            rotation = announced(now)
        elif rotations != seen:
            late.append(at - (first + (rotations - 1) * period))
            rotation = locked(rotation, last_asked, now)
        else:
            rotation = still_due(rotation, now)
        seen, last_asked = rotations, at
        at = next_step(now, Timing(refresh=60), 0.5, rotation=rotation).at

    assert len(late) == 40
    assert max(late) < 0.25
    assert max(late[6:]) < 0.08


# --- after a renewal, after a failure


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.67, 0.9])
def test_what_was_issued_is_worn_by_the_time_it_may_be_replaced_and_not_when_new(threshold):
    """Or a schedule that is kept to would be charged as a runaway."""
    lease, timing = life(Kind.LEASE, 1000), Timing(threshold=threshold)

    worn = worn_at(lease, NOW, timing)

    assert NOW + 100 < worn <= next_step(lease, timing, 0.0).at


def test_a_lease_is_worn_with_its_token_and_a_certificate_by_its_own_life():
    lease = life(Kind.LEASE, 1000, token=NOW + 100)
    certificate = life(Kind.CERTIFICATE, 1000, token=NOW + 100)

    assert worn_at(lease, NOW, Timing()) == NOW + 50
    assert worn_at(certificate, NOW, Timing()) == NOW + 500


def test_a_truncated_renewal_leads_to_the_next_generation():
    before = life(Kind.LEASE, 100, renewable=True)
    timing = Timing()

    assert (
        after_renewal(before, life(Kind.LEASE, 89, renewable=True), timing, 0.5).action
        is Action.FETCH
    )
    assert (
        after_renewal(before, life(Kind.LEASE, 91, renewable=True), timing, 0.5).action
        is Action.RENEW
    )


def told(error, seconds):
    error.retry_after = seconds
    return error


@pytest.mark.parametrize(
    ("error", "failures", "earliest", "latest"),
    [
        (TransientError("x"), 1, 0.5, 1),
        (TransientError("x"), 5, 8, 16),
        (TransientError("x"), 50, 10, 20),
        (TransientError("x", retry_after=120), 1, 120, 120),
        # What the server asks for is the least of an outage, and all of a refusal.
        (TransientError("x", retry_after=2), 50, 10, 20),
        (told(DeniedError("x"), 5.0), 50, 5, 5),
        (told(DeniedError("x"), 0.0), 50, 1, 1),
        (AuthError("x"), 50, 10, 20),
        (DeniedError("x"), 1, 0.5, 1),
        (DeniedError("x"), 50, 30, 60),
        (MissingError("x"), 50, 15, 30),
    ],
)
def test_when_a_failed_fetch_is_tried_again(error, failures, earliest, latest):
    at = [
        after_failure(error, failures, now=NOW, timing=Timing(refresh=30), jitter=jitter) - NOW
        for jitter in (0.0, 1.0)
    ]

    assert at == [pytest.approx(earliest), pytest.approx(latest)]


def test_a_failed_renewal_is_retried_until_the_lease_ends_and_only_then_reissued():
    lease = life(Kind.LEASE, 100, renewable=True)
    error = TransientError("x")

    assert after_failed_renewal(error, 1, lease, NOW + 70, 1.0) == Step(Action.RENEW, NOW + 71)
    assert after_failed_renewal(error, 9, lease, NOW + 85, 1.0) == Step(Action.FETCH, NOW + 99)
    assert after_failed_renewal(error, 9, lease, NOW + 120, 1.0) == Step(Action.FETCH, NOW + 120)


def test_a_refused_renewal_leads_to_a_new_lease():
    lease = life(Kind.LEASE, 100, renewable=True)

    assert after_failed_renewal(DeniedError("x"), 1, lease, NOW + 70, 1.0).action is Action.FETCH


def test_backoff_doubles_to_its_longest_and_is_jittered_over_the_upper_half():
    waits = [backoff(n, first=1, longest=20, jitter=1) for n in range(1, 8)]

    assert waits == [1, 2, 4, 8, 16, 20, 20]
    assert backoff(3, first=1, longest=20, jitter=0) == 2
    assert backoff(10_000, first=1, longest=20, jitter=1) == 20


# --- tokens


def token(duration=100.0, *, renewable=True):
    return Token("value", "accessor", NOW, duration, renewable)


def test_a_token_is_renewed_at_60_to_75_percent_of_its_life():
    assert token_timing.next_step(token(), 0.0) == (token_timing.TokenAction.RENEW, NOW + 60)
    assert token_timing.next_step(token(), 1.0) == (token_timing.TokenAction.RENEW, NOW + 75)


def test_a_token_that_cannot_be_renewed_is_replaced_in_time():
    assert token_timing.next_step(token(renewable=False), 0.0)[0] is token_timing.TokenAction.LOG_IN


def test_a_token_that_never_expires_is_left_alone():
    assert token_timing.next_step(token(0), 0.5)[1] == math.inf


@pytest.mark.parametrize("granted", [90, 91, 100, 105])
def test_a_renewal_for_nine_tenths_of_the_time_announces_no_end(granted):
    after = token(granted)

    found = token_timing.after_renewal(token(100), after, 0.0)

    assert found == token_timing.next_step(after, 0.0)
    assert found[0] is token_timing.TokenAction.RENEW


@pytest.mark.parametrize(("granted", "at"), [(89, 49), (50, 10), (40, 0), (15, 0)])
def test_a_truncated_renewal_leaves_the_same_time_for_a_hand_over(granted, at):
    """It announces the token's max TTL, and what is left of it may be little."""
    found = token_timing.after_renewal(token(100), token(granted), 0.0)

    assert found == (token_timing.TokenAction.LOG_IN, NOW + at)


@pytest.mark.parametrize(
    ("now", "failures", "act", "at"),
    [
        (NOW + 70, 1, token_timing.TokenAction.RENEW, NOW + 71),
        (NOW + 80, 9, token_timing.TokenAction.LOG_IN, NOW + 90),
        (NOW + 95, 9, token_timing.TokenAction.LOG_IN, NOW + 95),
    ],
)
def test_a_failed_token_renewal_turns_into_a_login_near_the_end(now, failures, act, at):
    found = token_timing.after_failed_renewal(token(), failures, now=now, jitter=1.0)

    assert found[0] is act
    assert found[1] == pytest.approx(at)


def test_a_token_that_lives_long_is_tried_again_every_twenty_seconds_at_most():
    found = token_timing.after_failed_renewal(token(1000), 50, now=NOW + 600, jitter=1.0)

    assert found == (token_timing.TokenAction.RENEW, NOW + 620)


def test_logins_that_change_nothing_become_less_frequent():
    minutes = [pause_after(fruitless) / 60 for fruitless in range(8)]

    assert minutes == [5, 5, 10, 20, 40, 60, 60, 60]


@pytest.mark.parametrize(
    ("denied_at", "fruitless", "due"),
    [
        (-math.inf, 0, math.inf),  # nothing is denied
        (NOW - 1, 0, math.inf),  # to the token before
        (NOW + 10, 0, math.inf),  # it will be asked for again before a login is due
        (NOW + 250, 0, NOW + 300),
        (NOW + 310, 0, NOW + 310),
        (NOW + 310, 2, math.inf),
        (NOW + 590, 2, NOW + 600),
        (NOW + 99999, 99, NOW + 99999),
    ],
)
def test_a_login_because_of_a_policy_is_due_while_something_is_denied(denied_at, fruitless, due):
    assert Relogin(NOW, denied_at, fruitless).due_at == due


def test_a_token_that_may_do_something_else_ends_the_rest():
    relogin = Relogin(NOW, NOW + 700, fruitless=5)

    relogin.settled(NOW + 900, changed=False)
    assert relogin.fruitless == 5
    relogin.settled(NOW + 900, changed=True)
    assert relogin == Relogin(NOW + 900, NOW + 700, 0)
    assert relogin.due_at == math.inf


# --- delivery


@pytest.mark.parametrize(
    ("first", "last", "wait", "at"),
    [
        (0, 0, model.Wait(min=2, max=15), 2),
        (0, 10, model.Wait(min=2, max=15), 12),
        (0, 14, model.Wait(min=2, max=15), 15),
        (0, 7, model.Wait(min=2), 8),
    ],
)
def test_quiet_is_min_after_the_last_change_and_at_most_max_after_the_first(first, last, wait, at):
    assert quiet_at(first, last, wait) == at


@pytest.mark.parametrize(
    ("notified_at", "complete", "at"),
    [
        (None, True, 100),  # the first delivery, all files in place
        (None, False, 102),  # the first delivery, one file is late
        (50.0, True, 102),  # later: the trailing edge
        (95.0, True, 105),  # later: not sooner than min_interval after the last
    ],
)
def test_when_an_application_is_notified(notified_at, complete, at):
    notify = model.Notify(command=("x",), min_interval=10.0)

    found = notify_at(
        100, 100, notify=notify, notified_at=notified_at, complete=complete, jitter=0.5
    )

    assert found == at


def test_a_fleet_is_spread_by_its_splay():
    notify = model.Notify(command=("x",), splay=30.0)

    assert notify_at(0, 0, notify=notify, notified_at=-100, complete=True, jitter=0.5) == 17


# --- names


def test_a_template_waits_the_longer_the_more_it_lacks_but_no_more_than_a_second():
    waits = [worth_a_try_at(NOW, lacking) - NOW for lacking in (0, 1, 100, 1000, 100_000)]

    assert waits == pytest.approx([0, 0.001, 0.1, 1, 1])


def test_two_spellings_of_a_path_are_one_secret_and_parameters_make_it_another():
    assert VaultRef.of("/v1/secret/data/app/") == VaultRef.of("secret/data/app")
    assert VaultRef.of("pki/issue/web", {"a": 1, "b": 2}) == VaultRef.of(
        "pki/issue/web", {"b": 2, "a": 1}
    )
    assert VaultRef.of("pki/issue/web", {}) != VaultRef.of("pki/issue/web")
    assert VaultRef.of("secret/data/app", namespace="a") != VaultRef.of("secret/data/app")


def test_parameters_of_a_secret_are_not_shown():
    assert "hidden-value" not in repr(
        VaultRef.of("transit/encrypt/k", {"plaintext": "hidden-value"})
    )
