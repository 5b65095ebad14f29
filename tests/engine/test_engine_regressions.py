"""Histories that the random search found: each broke a rule once, and is as short as can be."""

import asyncio

from injector.base.redactor import Redactor
from injector.sources.vault.ref import VaultRef
from tests.model.actions import (
    Change,
    Deny,
    Fail,
    Jump,
    Outage,
    Refresh,
    Reload,
    Restart,
    RevokeTokens,
    Wait,
)
from tests.model.play import playing, run
from tests.model.server import Fault
from tests.model.vault import DB, Roles
from tests.model.world import World
from tests.support.fakes import idle_loop

SHORT = Roles(
    token_ttl=45, token_max=45, token_renewable=False, lease_ttl=20, lease_max=20, cert_ttl=40
)
UNRENEWABLE = Roles(
    token_ttl=45, token_max=45, token_renewable=False, lease_ttl=20, lease_renewable=False
)


def test_a_token_found_dead_while_issuing_issues_once():
    """The hand-over rang for a lease that the request under way had just replaced."""
    run(World(UNRENEWABLE), [RevokeTokens()])


def test_a_token_found_dead_during_its_own_login_leads_to_no_second_login():
    """After a suspend everybody is due at once: the refusal was older than the login."""
    run(World(SHORT), [Jump(70)])


def test_a_credential_that_vault_refused_does_not_use_up_the_issuance_budget():
    """A forbidden path used the budget up, and stayed without a credential once allowed."""
    roles = Roles(token_ttl=3600, token_max=36000, lease_ttl=300, lease_max=300)
    run(World(roles, budget=10), [Deny(DB, 700), Wait(65)])


def test_a_lease_issued_while_its_token_is_renewed_lives_as_long_as_the_token():
    """It was taken for dead at the token's old end: forgotten, and its token revoked too early."""
    roles = Roles(token_ttl=45, token_max=67.5, lease_ttl=20, lease_max=400)
    run(World(roles, overlap=0, seed=8451), [Jump(31)])


def test_a_process_killed_during_a_notification_leaves_it_to_the_next():
    """The hand-over file said that the application had been notified when that had only begun."""
    roles = Roles(
        token_ttl=36000, token_max=36000, lease_ttl=36000, lease_max=36000, cert_ttl=36000
    )
    world = World(roles, persist=True)
    run(world, [Fail("notify/web", "hang", 1), Change("a"), Wait(35), Restart(killed=True)])


def test_a_restart_does_not_refill_the_issuance_budget():
    roles = Roles(lease_ttl=20, lease_max=20, lease_renewable=False)
    run(World(roles, budget=3, persist=True), [Wait(70), Restart()])


def test_a_credential_that_waits_for_its_publish_delay_survives_a_kill():
    """It is written down as soon as there is one, not when somebody has been told of it."""
    roles = Roles(
        token_ttl=36000, token_max=36000, lease_ttl=300, lease_max=300, lease_renewable=False,
        rotation=36000,
    )  # fmt: skip
    for seed in range(3):
        world = World(roles, publish_delay=60, persist=True, seed=seed)
        run(world, [Wait(230), Restart(killed=True), Wait(60)])


def test_a_publish_delay_does_not_outlast_the_old_credential():
    roles = Roles(token_ttl=45, token_max=45, lease_ttl=60, lease_max=60, lease_renewable=False)
    run(World(roles, publish_delay=5), [Wait(200)])


def test_a_lagging_node_gets_a_moment_before_the_first_retry():
    run(World(), [Fail("data/a", "412", 3), Wait(60)])


def test_a_static_role_is_looked_at_from_the_try_that_was_answered():
    """A lagging node cost 0.1 s, and the next look, counted from the first try, came too soon."""
    run(World(SHORT), [Fail("static-creds", "412", 1), Wait(40)])


def test_a_refresh_that_fails_is_no_reason_to_ask_again_at_once():
    run(World(SHORT), [Fail(DB, "500", 2), Restart(), Refresh()])


def test_what_is_read_after_a_refresh_was_asked_for_is_not_read_twice():
    """Everything was waiting for a login: one read answers both."""
    run(World(SHORT), [Fail("login", "500", 1), Restart(), Refresh()])


def test_the_redactor_keeps_nothing_of_values_that_are_gone():
    """It kept the first letters of each one forever: a leak in both senses."""
    redactor = Redactor()
    for number in range(100):
        redactor.learn("db", {"password": f"{number:06}-secret"})
        redactor.redact("a line")
    redactor.forget("db")
    redactor.redact("a line")

    assert redactor._index.is_empty


def test_revocations_wait_for_the_end_of_an_outage_like_everything_else():
    """Each spare lease was tried every five seconds, beside the one probe."""
    roles = Roles(token_ttl=36000, token_max=36000, lease_ttl=900, lease_max=900)
    run(World(roles), [Reload("without-db"), Outage("reset", 700)])


def test_a_refused_login_is_not_repeated_for_a_ring_that_is_older():
    """Reads that were refused while auth was still waiting for Vault rang for another login."""
    roles = Roles(token_ttl=45, token_max=360, token_renewable=False, lease_ttl=60)
    for seed in range(4):
        world = World(roles, seed=seed)
        run(world, [Outage("503", 70), Fail("login", "429", 3), Wait(10)])


def test_a_replaced_lease_that_is_still_in_use_is_renewed_beside_the_current_one():
    """The rule took both renewals for one too many; of one lease there is never more than one."""
    roles = Roles(token_ttl=120, token_max=180, lease_ttl=60, lease_max=150)
    both = Fail("notify/worker", "500", 500), Fail("leases/renew", "hang", 200)
    run(World(roles, seed=1), [*both, Wait(300)])


def test_a_pending_credential_is_used_in_time_although_the_next_one_fails():
    """A failed request took the place of the step that would have published it."""
    roles = Roles(token_renewable=False, lease_ttl=300, lease_max=300, lease_renewable=False)
    for seed in range(8):
        run(World(roles, budget=3, publish_delay=60, overlap=10, seed=seed), [Wait(600)])


def test_a_reload_loses_no_credential_that_is_being_issued():
    """It cut the request off: a credential that nobody knew of, and another one issued."""
    roles = Roles(lease_ttl=20, lease_max=20, lease_renewable=False)
    for part in ("database", "pki/issue"):
        run(World(roles), [Fail(part, "slow"), Wait(16), Reload("all"), Wait(20)])


def test_a_credential_that_vault_failed_to_issue_does_not_use_up_the_issuance_budget():
    """A database that was away for minutes used it up: then nothing was issued for ten."""
    roles = Roles(token_ttl=3600, token_max=36000, lease_ttl=300, lease_max=300)
    for kind in ("500", "429"):
        run(World(roles, budget=3), [Fail(DB, kind, 8), Wait(400)])


def test_lost_answers_of_a_path_of_unknown_kind_are_limited_by_its_budget():
    """Only an answer tells that it issues anything, and there was none."""
    run(World(budget=3), [Fail(DB, "lost", 9), Restart(), Wait(300)])


def test_a_reload_drops_an_overdue_lease_that_nothing_uses_any_more():
    """What tidied up the hand-over file took the record from under its watcher's feet."""
    run(World(SHORT, persist=True), [Outage("503", 31), Reload("without-db")])


def test_a_pending_credential_is_used_in_time_although_vault_is_away():
    """The old one's end came while the next request waited for Vault; nobody needed it."""
    roles = Roles(
        token_ttl=150, token_max=150, token_renewable=False,
        lease_ttl=120, lease_max=120, lease_renewable=False,
    )  # fmt: skip

    async def history():
        for seed in range(4):
            async with playing(World(roles, publish_delay=60, seed=seed)) as play:
                store = play.state.store
                while store.pending(VaultRef.of(DB)) is None:
                    await play.clock.advance(0.5)
                play.model.trouble(300)
                # Another token comes, the request with it is lost, and Vault with that.
                play.server.faults += [Fault(DB, "reset", 99), Fault("health", "503", 99)]
                await play.clock.advance(1120.0 - play.clock.now())

                assert play.assembly.availability.down
                name = play.files["db"].read_text().strip().partition("=")[2]
                assert play.model.works(name)

                play.server.faults.clear()
                await play.clock.advance(20)
                lease, held = store.newest(VaultRef.of(DB)), play.assembly.tokens.held
                assert held is not None
                assert lease is not None
                assert not lease.dies_with_another_than(held)

    with asyncio.Runner(loop_factory=idle_loop) as runner:
        runner.run(history())
