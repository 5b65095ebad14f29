"""Leases of a real database engine, on a moved clock: what the server really issued is counted."""

import asyncio
import io
from collections.abc import Callable

import pytest

from injector.engine.handover import Left
from injector.engine.store import Phase
from injector.secret import Kind
from tests.support.engine import fresh_state
from tests.support.fakes import LIMIT
from tests.support.proxy import Gate


def settings(lab, creds, *, secret=None, files=1, **blocks):
    entries = [
        {
            "contents": "{{ db.username }} {{ db.password }}",
            "destination": str(lab.tmpfs / f"db{n}"),
        }
        for n in range(files)
    ]
    secrets = {"db": {"path": creds, **(secret or {})}}
    return lab.config(**{"secrets": secrets, "template": entries, **blocks})


def notified(config):
    """Let an application be notified of every file."""
    config["notify"] = {"app": {"command": ["true"]}}
    for entry in config["template"]:
        entry["notify"] = ["app"]
    return config


async def refused(logs_in: Callable[[], bool]) -> None:
    """Wait until a log-in fails: the server revokes a token's leases in the background."""
    async with asyncio.timeout(LIMIT):
        while logs_in():  # noqa: ASYNC110 - PostgreSQL has no event for it
            await asyncio.sleep(0.02)


def logs_in(database, tmpfs):
    return database.accepts(*(tmpfs / "db0").read_text().split())


async def test_a_credential_is_issued_once_for_all_templates_and_renewed_in_time(
    lab, creds, database
):
    async with lab.start(settings(lab, creds, files=10)) as running:
        assert lab.proxy.count(creds) == 1
        assert logs_in(database, lab.tmpfs)
        [lease] = running.state.store.leases()
        assert lease.life.kind is Kind.LEASE

        await lab.clock.advance(2600)
        assert lab.proxy.count("leases/renew") == 1
        assert lab.proxy.count(creds) == 1
        assert lease.life.token_expires_at == running.token.expires_at
        assert running.assembly.health.settled


async def test_a_kv_refresh_beside_it_issues_nothing(lab, creds, database):
    lab.put("kv", value="x")
    entry = {
        "contents": f'{{{{ db.username }}}} {{{{ secret("{lab.path("kv")}").value }}}}',
        "destination": str(lab.tmpfs / "both"),
    }

    async with lab.start(settings(lab, creds, template=[entry])):
        await lab.clock.advance(1300)
        assert lab.proxy.count("/kv") > 20
        assert lab.proxy.count(creds) == 1


async def test_a_failed_renewal_is_retried_and_issues_nothing(lab, creds, database):
    async with lab.start(settings(lab, creds)) as running:
        lab.proxy.only = "leases/renew"
        lab.proxy.script = [500, 500, 500]
        await lab.clock.advance(2600)

        assert lab.proxy.count("leases/renew") == 4
        assert lab.proxy.count(creds) == 1
        assert running.assembly.health.settled


async def test_a_lease_that_an_operator_revoked_is_replaced_when_due(lab, creds, database):
    async with lab.start(notified(settings(lab, creds))) as running:
        [lease] = running.state.store.leases()
        lab.admin.sys.revoke_lease(lease.lease_id)
        await lab.clock.advance(2600)

        assert lab.proxy.count(creds) == 2
        assert logs_in(database, lab.tmpfs)
        assert running.log.count('"notified"') == 2
        assert '"lease not renewed, requesting a new one"' in running.log
        assert '"level":"error"' not in running.log


@pytest.mark.parametrize("token_ttl", ["2h", "20h"])
async def test_what_died_in_an_outage_is_replaced_with_one_notification(
    lab, creds, database, token_ttl
):
    """The lease, or the token and the lease with it; nobody asks for what is known to be over."""
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl=token_ttl, token_max_ttl="24h"
    )
    config = notified(settings(lab, creds))

    async with lab.start(config) as running:
        ended = running.assembly.delivery.ended  # what makes it not ready
        before = lab.read("db0")
        lab.proxy.status = 503
        await lab.clock.advance(1800)
        assert ended() == []
        await lab.clock.advance(3 * 3600)
        assert lab.read("db0") == before
        assert len(ended()) == 1
        lab.proxy.status = None
        lab.proxy.requests.clear()
        await lab.clock.advance(30)

        assert logs_in(database, lab.tmpfs)
        assert lab.proxy.count(creds) == 1
        assert lab.proxy.count("leases/renew") == 0
        assert lab.proxy.count("/login") == (token_ttl == "2h")
        assert running.log.count('"notified"') == 2
        assert ended() == []


async def test_near_its_max_ttl_the_next_credential_comes_early_and_the_old_one_is_revoked_late(
    lab, creds, database
):
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="1h")

    async with lab.start(settings(lab, creds, secret={"overlap": "3s"})) as running:
        old = lab.read("db0").split()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await lab.clock.advance(2432)

        assert lab.proxy.count(creds) == 2
        new = lab.read("db0").split()
        assert new != old
        phases = sorted(lease.phase for lease in running.state.store.leases())
        assert phases == [Phase.DELIVERED, Phase.SUPERSEDED]
        assert database.accepts(*old)
        assert database.accepts(*new)

        await lab.clock.advance(3)
        assert not database.accepts(*old)
        assert database.accepts(*new)
        assert len(running.state.store.leases()) == 1


async def test_the_old_lease_is_kept_until_the_application_has_accepted_the_new_one(
    lab, creds, database
):
    config = settings(lab, creds, secret={"overlap": "0s"})
    flag = lab.tmpfs / "application-is-up"
    config["notify"] = {"app": {"command": ["test", "-e", str(flag)], "wait": {"min": "1s"}}}
    config["template"][0]["notify"] = ["app"]
    flag.touch()

    async with lab.start(config):
        old = lab.read("db0").split()
        flag.unlink()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")
        await lab.clock.advance(2600)
        assert lab.proxy.count(creds) == 2
        assert database.accepts(*old)

        flag.touch()
        await lab.clock.advance(31)
        assert not database.accepts(*old)


async def test_the_lease_of_a_changed_path_is_kept_until_the_application_has_accepted_the_next(
    lab, creds, database
):
    """No template names the old path, but the application still has its credential."""
    database.role(lab.admin, f"{lab.name}-b", ttl="1h", max_ttl="24h")
    lab.allow(f"secret/data/{lab.name}/*", creds, f"{creds}-b", "sys/leases/revoke")
    lab.put("app", role=lab.name)
    rejects = lab.tmpfs / "rejects"
    config = settings(lab, creds, secrets={"app": {"path": lab.path("app")}})
    login = '{% set db = secret("database/creds/" ~ app.role) %}{{ db.username }} {{ db.password }}'
    config["template"][0] |= {"contents": login, "notify": ["app"]}
    config["notify"] = {"app": {"command": ["test", "!", "-e", str(rejects)]}}

    async with lab.start(config) as running:
        old = lab.read("db0").split()
        rejects.touch()
        lab.put("app", role=f"{lab.name}-b")
        await lab.clock.advance(300)
        assert lab.read("db0").split() != old
        assert database.accepts(*old)

        rejects.unlink()
        await lab.clock.advance(100)
        assert not database.accepts(*old)
        assert logs_in(database, lab.tmpfs)
        assert len(running.state.store.leases()) == 1


async def test_a_reload_to_another_path_leaves_the_lease_that_the_application_has(
    lab, creds, database
):
    database.role(lab.admin, f"{lab.name}-b", ttl="1h", max_ttl="24h")
    lab.allow(creds, f"{creds}-b", "sys/leases/revoke")
    rejects, state = lab.tmpfs / "rejects", lab.fresh_state()
    config = settings(lab, creds)
    config["template"][0]["notify"] = ["app"]
    config["notify"] = {"app": {"command": ["test", "!", "-e", str(rejects)]}}
    async with lab.start(config, state=state):
        old = lab.read("db0").split()
    rejects.touch()
    config["secrets"]["db"]["path"] = f"{creds}-b"

    async with lab.start(config, state=state):
        await lab.clock.advance(300)
        assert lab.read("db0").split() != old
        assert database.accepts(*old)

        rejects.unlink()
        await lab.clock.advance(100)
        assert not database.accepts(*old)
        assert logs_in(database, lab.tmpfs)


async def test_a_lease_that_is_still_in_use_is_renewed_next_to_its_successor(lab, creds, database):
    """It rejects the new credential, so the old one is put back, and must not end meanwhile."""
    rejects = lab.tmpfs / "rejects"
    config = settings(lab, creds, secret={"overlap": "0s"})
    config["notify"] = {
        "app": {
            "command": ["true"],
            "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
            "on_failure": "rollback",
        }
    }
    config["template"][0]["notify"] = ["app"]

    async with lab.start(config) as running:
        old = lab.read("db0").split()
        [first] = running.state.store.leases()
        rejects.touch()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await lab.clock.advance(2600)
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
        assert lab.proxy.count(creds) == 2
        assert lab.read("db0").split() == old

        await lab.clock.advance(2 * 3600)
        assert first in running.state.store.leases()
        assert first.life.expires_at > lab.clock.now()
        assert database.accepts(*old)
        assert running.assembly.delivery.ended() == []

        rejects.unlink()
        running.assembly.delivery.retry_rejected()
        await lab.clock.advance(60)
        assert lab.read("db0").split() != old
        assert first not in running.state.store.leases()
        assert not database.accepts(*old)


async def test_a_replaced_token_is_renewed_while_an_application_needs_a_lease_of_it(
    lab, creds, database
):
    rejects = lab.tmpfs / "rejects"
    config = settings(lab, creds, secret={"overlap": "0s"})
    config["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"] = True
    config["notify"] = {
        "app": {
            "command": ["true"],
            "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
            "on_failure": "rollback",
        }
    }
    config["template"][0]["notify"] = ["app"]

    async with lab.start(config) as running:
        old = lab.read("db0").split()
        [first], token = running.state.store.leases(), running.token
        rejects.touch()
        lab.app.new_secret_id()
        running.assembly.auth.material_changed(frozenset({str(lab.app.secret_id)}))
        await lab.clock.advance(60)
        assert not running.token.is_same(token)
        assert lab.read("db0").split() == old

        await lab.clock.advance(3 * 3600)
        assert first in running.state.store.leases()
        assert first.life.expires_at > lab.clock.now()
        assert lab.read("db0").split() == old

        rejects.unlink()
        running.assembly.delivery.retry_rejected()
        await lab.clock.advance(60)
        assert not database.accepts(*old)
        assert not await running.assembly.vault.is_valid(token)


async def test_a_replaced_token_that_ended_in_an_outage_is_not_renewed(lab, creds, database):
    config = settings(lab, creds, secret={"overlap": "0s"})
    config["notify"] = {"app": {"command": ["false"]}}
    config["template"][0]["notify"] = ["app"]

    async with lab.start(config) as running:
        token = running.token
        lab.app.new_secret_id()
        running.assembly.auth.material_changed(frozenset({str(lab.app.secret_id)}))
        await lab.clock.advance(60)
        assert not running.token.is_same(token)
        lab.proxy.status = 503
        await lab.clock.advance(token.expires_at - lab.clock.now() + 60)
        tried = len(running.events("replaced token not renewed"))
        lab.proxy.status = None
        await lab.clock.advance(60)

        assert not running.events("replaced token renewed")
        assert len(running.events("replaced token not renewed")) == tried


async def test_the_next_process_knows_whose_value_readers_see_after_a_rollback(
    lab, creds, database
):
    rejects = lab.tmpfs / "rejects"
    config = notified(settings(lab, creds))
    config["notify"]["app"] |= {
        "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
        "on_failure": "rollback",
    }
    async with lab.start(config) as running:
        rejects.touch()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await lab.clock.advance(2600)
        before = running.state
        [file] = running.assembly.outputs
        left = Left(file.destination.content_hash, file.destination.identity)

    after = fresh_state(lab.clock, after_log := io.StringIO())
    after.token, after.files = before.token, {file.name: left}
    after.store.restore(before.store.everything(), {})
    after.ledger.notified_at, after.ledger.rejected = (
        before.ledger.notified_at,
        before.ledger.rejected,
    )
    async with lab.start(config, state=after) as running:
        assert running.assembly.delivery.ended() == []
        lab.proxy.only, lab.proxy.status = "leases/renew", 400
        await lab.clock.advance(3700)

        [(_, generation)] = running.assembly.delivery.ended()
        assert generation.number == 1
        assert '"event":"value in use has expired"' in after_log.getvalue()


async def test_what_readers_see_and_what_has_ended_is_reported(lab, creds, database):
    """The new credential cannot be delivered: that it is alive helps nobody."""
    config = settings(lab, creds)
    broken = lab.tmpfs / "broken"
    config["template"][0]["check"] = {"command": ["test", "!", "-e", str(broken)]}

    async with lab.start(config) as running:
        broken.touch()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await lab.clock.advance(2600)
        assert lab.proxy.count(creds) == 2
        assert running.assembly.delivery.ended() == []

        lab.proxy.only, lab.proxy.status = "leases/renew", 400
        await lab.clock.advance(1800)
        [(output, generation)] = running.assembly.delivery.ended()
        assert (output, generation.number) == (str(lab.tmpfs / "db0"), 1)
        await lab.clock.advance(3600)
        [said] = running.events("value in use has expired")  # once
        assert (said["level"], said["path"]) == ("error", str(lab.tmpfs / "db0"))
        assert list(said["secrets"].values()) == [1]


async def test_a_failing_hook_issues_nothing_for_anybody(lab, creds, database):
    config = settings(lab, creds)
    config["template"].append(
        {
            "contents": "nothing secret",
            "destination": str(lab.tmpfs / "other"),
            "exec": {"command": ["false"]},
        }
    )

    async with lab.start(config) as running:
        await lab.clock.advance(600)

        assert lab.proxy.count(creds) == 1
        assert running.log.count("notification failed") >= 15


async def test_the_issuance_budget_stops_a_runaway_loudly(lab, creds, database):
    lab.proxy.only, lab.proxy.script = creds, ["reset"] * 20  # each may have issued one

    async with lab.start(settings(lab, creds, secret={"issuance_budget": 4})) as running:
        await lab.clock.advance(500)

        assert lab.proxy.count(creds) == 4
        assert "issuance_budget" in running.log
        await lab.clock.advance(200)
        assert lab.proxy.count(creds) == 8


async def test_a_lease_that_may_not_be_renewed_is_replaced_for_as_long_as_it_takes(
    lab, creds, database
):
    database.role(lab.admin, lab.name, ttl="5s", max_ttl="5s")
    lab.proxy.only, lab.proxy.status = "leases/renew", 403

    async with lab.start(settings(lab, creds, secret={"issuance_budget": 4})) as running:
        await lab.clock.advance(100)

        assert lab.proxy.count(creds) > 25
        assert "issuance_budget" not in running.log


async def test_a_reload_keeps_the_lease(lab, creds, database):
    config = settings(lab, creds)
    state = lab.fresh_state()
    async with lab.start(config, state=state):
        before = lab.read("db0")

    async with lab.start(config, state=state):
        assert lab.read("db0") == before
        await lab.clock.advance(2600)

        assert lab.proxy.count(creds) == 1
        assert lab.proxy.count("leases/renew") == 1


async def test_the_lease_of_a_secret_that_is_no_longer_wanted_is_revoked(lab, creds, database):
    state = lab.fresh_state()
    async with lab.start(settings(lab, creds, secret={"overlap": "5s"}), state=state):
        old = lab.read("db0").split()
    entry = {"contents": "nothing secret", "destination": str(lab.tmpfs / "other")}

    async with lab.start(settings(lab, creds, secrets={}, template=[entry]), state=state):
        await lab.clock.advance(70)

        assert not database.accepts(*old)
        assert state.store.leases() == []


async def test_leases_still_held_are_revoked_with_the_secret(lab, creds, database):
    state = lab.fresh_state()
    config = settings(lab, creds, secret={"overlap": "5s"})
    config["template"][0]["exec"] = {"command": ["test", "!", "-e", str(lab.tmpfs / "failing")]}
    async with lab.start(config, state=state):
        (lab.tmpfs / "failing").touch()
        database.role(lab.admin, lab.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await lab.clock.advance(2600)
        assert len(state.store.leases()) == 2
    entry = {"contents": "nothing secret", "destination": str(lab.tmpfs / "other")}

    async with lab.start(settings(lab, creds, secrets={}, template=[entry]), state=state):
        await lab.clock.advance(70)
        assert state.store.leases() == []


async def test_a_publish_delay_holds_a_new_credential_back_while_the_old_one_works(
    lab, creds, database
):
    async with lab.start(settings(lab, creds, secret={"publish_delay": "10s"})) as running:
        old = lab.read("db0")
        [lease] = running.state.store.leases()
        lab.admin.sys.revoke_lease(lease.lease_id)
        while lab.proxy.count(creds) < 2:
            await lab.clock.advance(5)
        assert lab.read("db0") == old
        await lab.clock.advance(11)
        assert lab.read("db0") != old


async def test_a_lease_is_renewed_while_its_successor_waits_for_its_publish_delay(
    lab, creds, database
):
    """Else it would have to be published early, however long the delay has to be."""
    database.role(lab.admin, lab.name, ttl="60s", max_ttl="1h")

    async with lab.start(settings(lab, creds, secret={"publish_delay": "5m"})) as running:
        old = lab.read("db0")
        [lease] = running.state.store.leases()
        await lab.clock.advance(10)
        running.assembly.watch.refresh(running.assembly.watch.named().values())
        await lab.clock.advance(299)
        assert lab.read("db0") == old
        assert lease.life.expires_at > lab.clock.now()
        assert lab.proxy.count(creds) == 2

        await lab.clock.advance(2)
        assert lab.read("db0") != old


async def test_what_a_reload_kept_from_being_sent_costs_no_budget(lab, creds, database):
    async with lab.start(settings(lab, creds)) as running:
        counted = running.state.store.issuances.all()
        await running.assembly.vault.unrepeatable.finish(lab.clock, within=0)
        [ref] = running.assembly.watch.named().values()
        running.assembly.watch.refresh([ref])
        await lab.clock.settled()
        assert running.state.store.issuances.all() != counted

    assert lab.proxy.count(creds) == 1
    assert running.state.store.issuances.all() == counted


async def test_what_a_reload_cut_off_costs_budget(lab, creds, database):
    """It may have been issued, although nobody learns of it."""

    async with lab.start(settings(lab, creds)) as running:
        gate = Gate(lab.proxy, creds)
        [ref] = running.assembly.watch.named().values()
        running.assembly.watch.refresh([ref])
        await gate.reached.wait()
    gate.open.set()

    assert [len(times) for times in running.state.store.issuances.all().values()] == [2]


async def test_leases_of_an_application_that_is_never_notified_do_not_pile_up(lab, creds, database):
    database.role(lab.admin, lab.name, ttl="60s", max_ttl="60s")
    config = settings(lab, creds, secret={"issuance_budget": 100})
    config["template"][0]["exec"] = {"command": ["false"]}

    async with lab.start(config) as running:
        lab.proxy.only, lab.proxy.status = (
            "leases/renew",
            400,
        )  # the server's own clock stands still
        await lab.clock.advance(600)

        assert lab.proxy.count(creds) >= 10
        assert len(running.state.store.leases()) <= 3


async def test_a_refresh_does_not_publish_before_its_delay_is_over(lab, creds, database):
    lab.put("slow", value="one")
    secrets = {"slow": {"path": lab.path("slow"), "publish_delay": "30s"}}
    entry = {"contents": "{{ slow.value }}", "destination": str(lab.tmpfs / "slow")}

    async with lab.start(settings(lab, creds, secrets=secrets, template=[entry])) as running:
        lab.put("slow", value="two")
        running.assembly.watch.refresh_static()
        await lab.clock.settled()
        running.assembly.watch.refresh_static()
        await lab.clock.advance(29)
        assert lab.read("slow") == "one"

        await lab.clock.advance(1)
        assert lab.read("slow") == "two"


async def test_names_of_paths_that_a_secret_computes_do_not_pile_up(lab, creds):
    lab.put("pointer", to=lab.path("target0"))
    for n in range(5):
        lab.put(f"target{n}", value=str(n))
    text = f'{{{{ secret(secret("{lab.path("pointer")}").to).value }}}}'
    entry = {"contents": text, "destination": str(lab.tmpfs / "file")}

    async with lab.start(settings(lab, creds, secrets={}, template=[entry])) as running:
        for n in range(1, 5):
            lab.put("pointer", to=lab.path(f"target{n}"))
            await lab.clock.advance(67)
            assert lab.read("file") == str(n)

        assert len(running.assembly.watch.settings._in_place) == 2
        assert len(running.assembly.health.all("secret")) == 2


async def test_secrets_at_one_path_with_different_parameters_are_distinguished(lab, creds):
    """Both are written to a path that is denied; neither hides the other, nor shows its value."""
    entries = [
        {
            "contents": f'{{{{ secret("denied/x", given="canary-{n}").value }}}}',
            "destination": str(lab.tmpfs / f"file{n}"),
        }
        for n in range(2)
    ]

    async with lab.start(settings(lab, creds, secrets={}, template=entries)) as running:
        reports = running.assembly.health.all("secret")
        assert [report.name for report in reports] == ["denied/x", "denied/x #2"]
        assert "canary" not in running.log


async def test_the_file_of_a_credential_is_restored_within_the_interval(lab, creds, database):
    """Its next renewal is half an hour away."""

    async with lab.start(settings(lab, creds)) as running:
        before = lab.read("db0")
        (lab.tmpfs / "db0").unlink()
        await lab.clock.advance(61)

        assert lab.read("db0") == before
        assert running.log.count("changed or removed by somebody else") == 1
        assert lab.proxy.count(creds) == 1
