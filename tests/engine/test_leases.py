"""Leases of a real database engine, on a moved clock: what the server really issued is counted."""

import asyncio
import io
from collections.abc import Callable

import pytest

from injector.engine.handover import Left
from injector.engine.store import Phase
from injector.runtime.assembly import RELEASE_WITHIN
from injector.secret import Kind
from tests.support.engine import configuration, engine, fresh_state, load_from
from tests.support.fakes import LIMIT
from tests.support.proxy import Gate


def settings(app, proxy, tmpfs, creds, *, secret=None, files=1, **blocks):
    entries = [
        {
            "contents": "{{ db.username }} {{ db.password }}",
            "destination": str(tmpfs / f"db{n}"),
        }
        for n in range(files)
    ]
    secrets = {"db": {"path": creds, **(secret or {})}}
    return configuration(app, proxy.address, **{"secrets": secrets, "template": entries, **blocks})


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
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, files=10))

    async with engine(loaded, clock) as running:
        assert proxy.count(creds) == 1
        assert logs_in(database, tmpfs)
        [lease] = running.state.store.leases()
        assert lease.life.kind is Kind.LEASE

        await clock.advance(2600)
        assert proxy.count("leases/renew") == 1
        assert proxy.count(creds) == 1
        assert lease.life.token_expires_at == running.token.expires_at
        assert running.assembly.health.settled


async def test_a_kv_refresh_beside_it_issues_nothing(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    app.put("kv", value="x")
    entry = {
        "contents": f'{{{{ db.username }}}} {{{{ secret("{app.path("kv")}").value }}}}',
        "destination": str(tmpfs / "both"),
    }
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, template=[entry]))

    async with engine(loaded, clock):
        await clock.advance(1300)
        assert proxy.count("/kv") > 20
        assert proxy.count(creds) == 1


async def test_a_failed_renewal_is_retried_and_issues_nothing(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))

    async with engine(loaded, clock) as running:
        proxy.only = "leases/renew"
        proxy.script = [500, 500, 500]
        await clock.advance(2600)

        assert proxy.count("leases/renew") == 4
        assert proxy.count(creds) == 1
        assert running.assembly.health.settled


async def test_a_lease_that_an_operator_revoked_is_replaced_when_due(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, notified(settings(app, proxy, tmpfs, creds)))

    async with engine(loaded, clock) as running:
        [lease] = running.state.store.leases()
        app.admin.sys.revoke_lease(lease.lease_id)
        await clock.advance(2600)

        assert proxy.count(creds) == 2
        assert logs_in(database, tmpfs)
        assert running.log.count('"notified"') == 2
        assert '"lease not renewed, requesting a new one"' in running.log
        assert '"level":"error"' not in running.log


@pytest.mark.parametrize("token_ttl", ["2h", "20h"])
async def test_what_died_in_an_outage_is_replaced_with_one_notification(
    app, proxy, clock, tmpfs, tmp_path, creds, database, token_ttl
):
    """The lease, or the token and the lease with it; nobody asks for what is known to be over."""
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl=token_ttl, token_max_ttl="24h"
    )
    config = notified(settings(app, proxy, tmpfs, creds))

    async with engine(load_from(tmp_path, config), clock) as running:
        ended = running.assembly.delivery.ended  # what makes it not ready
        before = (tmpfs / "db0").read_text()
        proxy.status = 503
        await clock.advance(1800)
        assert ended() == []
        await clock.advance(3 * 3600)
        assert (tmpfs / "db0").read_text() == before
        assert len(ended()) == 1
        proxy.status = None
        proxy.requests.clear()
        await clock.advance(30)

        assert logs_in(database, tmpfs)
        assert proxy.count(creds) == 1
        assert proxy.count("leases/renew") == 0
        assert proxy.count("/login") == (token_ttl == "2h")
        assert running.log.count('"notified"') == 2
        assert ended() == []


async def test_near_its_max_ttl_the_next_credential_comes_early_and_the_old_one_is_revoked_late(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"overlap": "3s"}))
    database.role(app.admin, app.name, ttl="1h", max_ttl="1h")

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text().split()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await clock.advance(2432)

        assert proxy.count(creds) == 2
        new = (tmpfs / "db0").read_text().split()
        assert new != old
        phases = sorted(lease.phase for lease in running.state.store.leases())
        assert phases == [Phase.DELIVERED, Phase.SUPERSEDED]
        assert database.accepts(*old)
        assert database.accepts(*new)

        await clock.advance(3)
        assert not database.accepts(*old)
        assert database.accepts(*new)
        assert len(running.state.store.leases()) == 1


async def test_the_old_lease_is_kept_until_the_application_has_accepted_the_new_one(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "0s"})
    flag = tmpfs / "application-is-up"
    config["notify"] = {"app": {"command": ["test", "-e", str(flag)], "wait": {"min": "1s"}}}
    config["template"][0]["notify"] = ["app"]
    flag.touch()
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock):
        old = (tmpfs / "db0").read_text().split()
        flag.unlink()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")
        await clock.advance(2600)
        assert proxy.count(creds) == 2
        assert database.accepts(*old)

        flag.touch()
        await clock.advance(31)
        assert not database.accepts(*old)


async def test_the_lease_of_a_changed_path_is_kept_until_the_application_has_accepted_the_next(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """No template names the old path, but the application still has its credential."""
    database.role(app.admin, f"{app.name}-b", ttl="1h", max_ttl="24h")
    app.allow(f"secret/data/{app.name}/*", creds, f"{creds}-b", "sys/leases/revoke")
    app.put("app", role=app.name)
    rejects = tmpfs / "rejects"
    config = settings(app, proxy, tmpfs, creds, secrets={"app": {"path": app.path("app")}})
    login = '{% set db = secret("database/creds/" ~ app.role) %}{{ db.username }} {{ db.password }}'
    config["template"][0] |= {"contents": login, "notify": ["app"]}
    config["notify"] = {"app": {"command": ["test", "!", "-e", str(rejects)]}}

    async with engine(load_from(tmp_path, config), clock) as running:
        old = (tmpfs / "db0").read_text().split()
        rejects.touch()
        app.put("app", role=f"{app.name}-b")
        await clock.advance(300)
        assert (tmpfs / "db0").read_text().split() != old
        assert database.accepts(*old)

        rejects.unlink()
        await clock.advance(100)
        assert not database.accepts(*old)
        assert logs_in(database, tmpfs)
        assert len(running.state.store.leases()) == 1


async def test_a_reload_to_another_path_leaves_the_lease_that_the_application_has(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    database.role(app.admin, f"{app.name}-b", ttl="1h", max_ttl="24h")
    app.allow(creds, f"{creds}-b", "sys/leases/revoke")
    rejects, state = tmpfs / "rejects", fresh_state(clock, io.StringIO())
    config = settings(app, proxy, tmpfs, creds)
    config["template"][0]["notify"] = ["app"]
    config["notify"] = {"app": {"command": ["test", "!", "-e", str(rejects)]}}
    async with engine(load_from(tmp_path, config), clock, state=state):
        old = (tmpfs / "db0").read_text().split()
    rejects.touch()
    config["secrets"]["db"]["path"] = f"{creds}-b"

    async with engine(load_from(tmp_path, config), clock, state=state):
        await clock.advance(300)
        assert (tmpfs / "db0").read_text().split() != old
        assert database.accepts(*old)

        rejects.unlink()
        await clock.advance(100)
        assert not database.accepts(*old)
        assert logs_in(database, tmpfs)


async def test_a_lease_that_is_still_in_use_is_renewed_next_to_its_successor(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """It rejects the new credential, so the old one is put back, and must not end meanwhile."""
    rejects = tmpfs / "rejects"
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "0s"})
    config["notify"] = {
        "app": {
            "command": ["true"],
            "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
            "on_failure": "rollback",
        }
    }
    config["template"][0]["notify"] = ["app"]
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text().split()
        [first] = running.state.store.leases()
        rejects.touch()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await clock.advance(2600)
        database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
        assert proxy.count(creds) == 2
        assert (tmpfs / "db0").read_text().split() == old

        await clock.advance(2 * 3600)
        assert first in running.state.store.leases()
        assert first.life.expires_at > clock.now()
        assert database.accepts(*old)
        assert running.assembly.delivery.ended() == []

        rejects.unlink()
        running.assembly.delivery.retry_rejected()
        await clock.advance(60)
        assert (tmpfs / "db0").read_text().split() != old
        assert first not in running.state.store.leases()
        assert not database.accepts(*old)


async def test_a_replaced_token_is_renewed_while_an_application_needs_a_lease_of_it(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    rejects = tmpfs / "rejects"
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "0s"})
    config["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"] = True
    config["notify"] = {
        "app": {
            "command": ["true"],
            "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
            "on_failure": "rollback",
        }
    }
    config["template"][0]["notify"] = ["app"]

    async with engine(load_from(tmp_path, config), clock) as running:
        old = (tmpfs / "db0").read_text().split()
        [first], token = running.state.store.leases(), running.token
        rejects.touch()
        app.new_secret_id()
        running.assembly.auth.material_changed(frozenset({str(app.secret_id)}))
        await clock.advance(60)
        assert not running.token.is_same(token)
        assert (tmpfs / "db0").read_text().split() == old

        await clock.advance(3 * 3600)
        assert first in running.state.store.leases()
        assert first.life.expires_at > clock.now()
        assert (tmpfs / "db0").read_text().split() == old

        rejects.unlink()
        running.assembly.delivery.retry_rejected()
        await clock.advance(60)
        assert not database.accepts(*old)
        assert not await running.assembly.vault.is_valid(token)


async def test_a_replaced_token_that_ended_in_an_outage_is_not_renewed(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "0s"})
    config["notify"] = {"app": {"command": ["false"]}}
    config["template"][0]["notify"] = ["app"]

    async with engine(load_from(tmp_path, config), clock) as running:
        token = running.token
        app.new_secret_id()
        running.assembly.auth.material_changed(frozenset({str(app.secret_id)}))
        await clock.advance(60)
        assert not running.token.is_same(token)
        proxy.status = 503
        await clock.advance(token.expires_at - clock.now() + 60)
        tried = len(running.events("replaced token not renewed"))
        proxy.status = None
        await clock.advance(60)

        assert not running.events("replaced token renewed")
        assert len(running.events("replaced token not renewed")) == tried


async def test_the_next_process_knows_whose_value_readers_see_after_a_rollback(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    rejects = tmpfs / "rejects"
    config = notified(settings(app, proxy, tmpfs, creds))
    config["notify"]["app"] |= {
        "verify": {"command": ["test", "!", "-e", str(rejects)], "timeout": "1s"},
        "on_failure": "rollback",
    }
    loaded = load_from(tmp_path, config)
    async with engine(loaded, clock) as running:
        rejects.touch()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await clock.advance(2600)
        before = running.state
        [file] = running.assembly.outputs
        left = Left(file.destination.content_hash, file.destination.identity)

    after = fresh_state(clock, after_log := io.StringIO())
    after.token, after.files = before.token, {file.name: left}
    after.store.restore(before.store.everything(), {})
    after.ledger.notified_at, after.ledger.rejected = (
        before.ledger.notified_at,
        before.ledger.rejected,
    )
    async with engine(loaded, clock, state=after) as running:
        assert running.assembly.delivery.ended() == []
        proxy.only, proxy.status = "leases/renew", 400
        await clock.advance(3700)

        [(_, generation)] = running.assembly.delivery.ended()
        assert generation.number == 1
        assert '"event":"value in use has expired"' in after_log.getvalue()


async def test_what_readers_see_and_what_has_ended_is_reported(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """The new credential cannot be delivered: that it is alive helps nobody."""
    config = settings(app, proxy, tmpfs, creds)
    broken = tmpfs / "broken"
    config["template"][0]["check"] = {"command": ["test", "!", "-e", str(broken)]}

    async with engine(load_from(tmp_path, config), clock) as running:
        broken.touch()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await clock.advance(2600)
        assert proxy.count(creds) == 2
        assert running.assembly.delivery.ended() == []

        proxy.only, proxy.status = "leases/renew", 400
        await clock.advance(1800)
        [(output, generation)] = running.assembly.delivery.ended()
        assert (output, generation.number) == (str(tmpfs / "db0"), 1)
        await clock.advance(3600)
        [said] = running.events("value in use has expired")  # once
        assert (said["level"], said["path"]) == ("error", str(tmpfs / "db0"))
        assert list(said["secrets"].values()) == [1]


async def test_a_replaced_token_revokes_no_lease(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """A planned hand-over: log in, issue anew, deliver, then revoke the old token."""
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_ttl="20m", token_type="service", token_num_uses=0
    )
    app.put("kv", value="x")
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "30s"})
    config["template"].append(
        {
            "contents": f'{{{{ secret("{app.path("kv")}").value }}}}',
            "destination": str(tmpfs / "kv"),
        }
    )
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        first = running.token
        old = (tmpfs / "db0").read_text().split()
        proxy.only = "renew-self"
        proxy.status = 403  # not renewable any more: it is replaced instead
        await clock.advance(820)

        assert not running.token.is_same(first)
        assert proxy.count(creds) == 2
        assert database.accepts(*old)
        assert logs_in(database, tmpfs)
        await clock.advance(60)
        assert not database.accepts(*old)
        assert logs_in(database, tmpfs)
        assert running.assembly.tokens.replaced == []
        assert running.log.count('"path":"' + str(tmpfs / "kv")) == 1


async def test_another_token_is_one_change_for_an_application_however_many_leases_follow_it(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    database.role(app.admin, f"{app.name}-b", ttl="1h", max_ttl="24h")
    app.allow(creds, f"{creds}-b", "sys/leases/revoke")
    secrets = {"db": {"path": creds}, "other": {"path": f"{creds}-b"}}
    config = settings(app, proxy, tmpfs, creds, secrets=secrets, files=2)
    config["template"][1]["contents"] = "{{ db.username }} {{ other.username }}"

    async with engine(load_from(tmp_path, notified(config)), clock) as running:
        before = (tmpfs / "db1").read_text().split()
        proxy.only, proxy.status = "renew-self", 403
        while proxy.count("/login") < 2:
            await clock.advance(10)
        await clock.advance(20)

        assert not set((tmpfs / "db1").read_text().split()) & set(before)
        assert running.log.count('"notified"') == 2


async def test_a_lease_that_a_revoked_token_cannot_revoke_expires_with_its_own_token(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"overlap": "30s"}))

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text().split()
        proxy.only, proxy.status = "renew-self", 403
        while proxy.count("/login") < 2:
            await clock.advance(10)
        app.admin.auth.token.revoke(running.token.value)  # by an operator; nobody knows yet
        await clock.advance(35)

        assert "not revoked, left to expire" in running.log
        await refused(lambda: database.accepts(*old))
        assert running.state.store.leases() != []


async def test_a_replaced_token_lives_while_a_lease_is_being_issued_with_it(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))
    gate = Gate(proxy, creds)

    async with engine(loaded, clock, settle=False) as running:
        await gate.reached.wait()
        old, vault = running.token, running.assembly.vault
        body = {"role_id": app.role_id.read_text(), "secret_id": app.secret_id.read_text().strip()}
        running.assembly.tokens.put(await vault.log_in("auth/approle", body))
        assert await vault.is_valid(old)
        assert proxy.count("revoke-self") == 0

        gate.open.set()
        await clock.settled()
        assert proxy.count(creds) == 2
        assert logs_in(database, tmpfs)
        await clock.advance(70)
        assert not await vault.is_valid(old)


async def test_a_revoked_token_causes_new_credentials_at_once_and_only_once(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    app.put("kv", value="x")
    config = settings(app, proxy, tmpfs, creds)
    config["template"].append(
        {
            "contents": f'{{{{ secret("{app.path("kv")}").value }}}}',
            "destination": str(tmpfs / "kv"),
        }
    )
    notified(config)
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        kv = (tmpfs / "kv").stat()
        app.admin.auth.token.revoke(running.token.value)
        await refused(lambda: logs_in(database, tmpfs))
        await clock.advance(67)

        assert proxy.count("/login") == 2
        assert proxy.count(creds) == 2
        assert logs_in(database, tmpfs)
        assert (tmpfs / "kv").stat() == kv
        assert running.log.count('"notified"') == 2


async def test_a_path_that_stays_denied_causes_an_occasional_login_and_no_credential(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """A fresh token that may do no more than the old one is given back: no lease dies with it."""
    config = settings(app, proxy, tmpfs, creds)
    forbidden = {"contents": '{{ secret("secret/data/no").x }}', "destination": str(tmpfs / "no")}
    config["template"].append(forbidden)
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        first = running.token
        await clock.advance(4 * 3600)

        assert running.token.is_same(first)
        assert proxy.count(creds) == 1
        assert proxy.count("/login") <= 1 + 2 + 6
        assert proxy.count("revoke-self") == proxy.count("/login") - 1
        assert running.assembly.tokens.replaced == []
        assert "token" not in [report.kind for report in running.assembly.health.failures()]


async def test_without_lookups_a_denied_path_replaces_the_token_ever_less_often(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """Nothing tells a dead token from a policy there, so a fresh one is taken over on suspicion."""
    app.allow(creds, "sys/leases/renew")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_no_default_policy=True, token_ttl="4h"
    )
    config = settings(app, proxy, tmpfs, creds)
    forbidden = {"contents": '{{ secret("secret/data/no").x }}', "destination": str(tmpfs / "no")}
    config["template"].append(forbidden)
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock):
        await clock.advance(2.5 * 3600)

        assert proxy.count(creds) <= proxy.count("/login") <= 1 + 7


async def test_a_failing_hook_issues_nothing_for_anybody(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    config = settings(app, proxy, tmpfs, creds)
    config["template"].append(
        {
            "contents": "nothing secret",
            "destination": str(tmpfs / "other"),
            "exec": {"command": ["false"]},
        }
    )
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        await clock.advance(600)

        assert proxy.count(creds) == 1
        assert running.log.count("notification failed") >= 15


async def test_the_issuance_budget_stops_a_runaway_loudly(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    proxy.only, proxy.script = creds, ["reset"] * 20  # each may have issued one
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"issuance_budget": 4}))

    async with engine(loaded, clock) as running:
        await clock.advance(500)

        assert proxy.count(creds) == 4
        assert "issuance_budget" in running.log
        await clock.advance(200)
        assert proxy.count(creds) == 8


async def test_a_lease_that_may_not_be_renewed_is_replaced_for_as_long_as_it_takes(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    database.role(app.admin, app.name, ttl="5s", max_ttl="5s")
    proxy.only, proxy.status = "leases/renew", 403
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"issuance_budget": 4}))

    async with engine(loaded, clock) as running:
        await clock.advance(100)

        assert proxy.count(creds) > 25
        assert "issuance_budget" not in running.log


async def test_a_reload_keeps_the_lease(app, proxy, clock, tmpfs, tmp_path, creds, database):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))
    state = fresh_state(clock, io.StringIO())
    async with engine(loaded, clock, state=state):
        before = (tmpfs / "db0").read_text()

    async with engine(loaded, clock, state=state):
        assert (tmpfs / "db0").read_text() == before
        await clock.advance(2600)

        assert proxy.count(creds) == 1
        assert proxy.count("leases/renew") == 1


async def test_the_lease_of_a_secret_that_is_no_longer_wanted_is_revoked(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    state = fresh_state(clock, io.StringIO())
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"overlap": "5s"}))
    async with engine(loaded, clock, state=state):
        old = (tmpfs / "db0").read_text().split()
    entry = {"contents": "nothing secret", "destination": str(tmpfs / "other")}
    without = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secrets={}, template=[entry]))

    async with engine(without, clock, state=state):
        await clock.advance(70)

        assert not database.accepts(*old)
        assert state.store.leases() == []


async def test_leases_still_held_are_revoked_with_the_secret(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    state = fresh_state(clock, io.StringIO())
    config = settings(app, proxy, tmpfs, creds, secret={"overlap": "5s"})
    config["template"][0]["exec"] = {"command": ["test", "!", "-e", str(tmpfs / "failing")]}
    async with engine(load_from(tmp_path, config), clock, state=state):
        (tmpfs / "failing").touch()
        database.role(app.admin, app.name, ttl="1h", max_ttl="30m")  # truncates the renewal
        await clock.advance(2600)
        assert len(state.store.leases()) == 2
    entry = {"contents": "nothing secret", "destination": str(tmpfs / "other")}
    without = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secrets={}, template=[entry]))

    async with engine(without, clock, state=state):
        await clock.advance(70)
        assert state.store.leases() == []


async def test_a_publish_delay_holds_a_new_credential_back_while_the_old_one_works(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(
        tmp_path, settings(app, proxy, tmpfs, creds, secret={"publish_delay": "10s"})
    )

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text()
        [lease] = running.state.store.leases()
        app.admin.sys.revoke_lease(lease.lease_id)
        while proxy.count(creds) < 2:
            await clock.advance(5)
        assert (tmpfs / "db0").read_text() == old
        await clock.advance(11)
        assert (tmpfs / "db0").read_text() != old


async def test_a_lease_is_renewed_while_its_successor_waits_for_its_publish_delay(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """Else it would have to be published early, however long the delay has to be."""
    database.role(app.admin, app.name, ttl="60s", max_ttl="1h")
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secret={"publish_delay": "5m"}))

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text()
        [lease] = running.state.store.leases()
        await clock.advance(10)
        running.assembly.watch.refresh(running.assembly.watch.named().values())
        await clock.advance(299)
        assert (tmpfs / "db0").read_text() == old
        assert lease.life.expires_at > clock.now()
        assert proxy.count(creds) == 2

        await clock.advance(2)
        assert (tmpfs / "db0").read_text() != old


async def test_what_a_reload_kept_from_being_sent_costs_no_budget(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))

    async with engine(loaded, clock) as running:
        counted = running.state.store.issuances.all()
        await running.assembly.vault.unrepeatable.finish(clock, within=0)
        [ref] = running.assembly.watch.named().values()
        running.assembly.watch.refresh([ref])
        await clock.settled()
        assert running.state.store.issuances.all() != counted

    assert proxy.count(creds) == 1
    assert running.state.store.issuances.all() == counted


async def test_what_a_reload_cut_off_costs_budget(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """It may have been issued, although nobody learns of it."""
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))

    async with engine(loaded, clock) as running:
        gate = Gate(proxy, creds)
        [ref] = running.assembly.watch.named().values()
        running.assembly.watch.refresh([ref])
        await gate.reached.wait()
    gate.open.set()

    assert [len(times) for times in running.state.store.issuances.all().values()] == [2]


@pytest.mark.parametrize("what", ["none", "leases", "token"])
async def test_what_is_revoked_on_shutdown(
    app, proxy, clock, tmpfs, tmp_path, creds, database, what
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, revoke_on_shutdown=what))

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text().split()
        token = running.token
        await running.assembly.release()

        if what == "token":
            await refused(lambda: database.accepts(*old))
        assert database.accepts(*old) is (what == "none")
        assert await running.assembly.vault.is_valid(token) is (what != "token")


async def test_a_batch_tokens_leases_are_revoked_on_shutdown_because_it_cannot_be(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], token_type="batch", token_ttl="1h"
    )
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, revoke_on_shutdown="token"))

    async with engine(loaded, clock) as running:
        old = (tmpfs / "db0").read_text().split()
        assert database.accepts(*old)
        await running.assembly.release()

        assert not database.accepts(*old)
        assert proxy.count("revoke-self") == 0


async def test_a_revocation_that_hangs_delays_the_end_by_its_deadline_only(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, revoke_on_shutdown="leases"))

    async with engine(loaded, clock) as running:
        proxy.held = "leases/revoke"
        end = asyncio.create_task(running.assembly.release())
        await proxy.holding.wait()
        await clock.advance(RELEASE_WITHIN - 0.1, settle=False)
        assert not end.done()
        await clock.advance(0.1, settle=False)
        await end

        assert "not everything revoked" in running.log


async def test_one_revocation_that_hangs_does_not_delay_others(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """They have seconds for all of them, however far away Vault is."""
    database.role(app.admin, f"{app.name}-b", ttl="1h", max_ttl="24h")
    app.allow(creds, f"{creds}-b", "sys/leases/revoke")
    secrets = {"db": {"path": creds}, "other": {"path": f"{creds}-b"}}
    config = settings(
        app, proxy, tmpfs, creds, secrets=secrets, files=2, revoke_on_shutdown="leases"
    )
    config["template"][1]["contents"] = "{{ other.username }} {{ other.password }}"

    async with engine(load_from(tmp_path, config), clock) as running:
        logins = [(tmpfs / name).read_text().split() for name in ("db0", "db1")]

        async def first_hangs(request):
            if not proxy.holding.is_set():
                proxy.holding.set()
                await asyncio.Event().wait()
            return await proxy._forward(request)

        proxy.only, proxy.answer = "leases/revoke", first_hangs
        end = asyncio.create_task(running.assembly.release())
        await refused(lambda: all(database.accepts(*login) for login in logins))
        assert not end.done()
        await clock.advance(RELEASE_WITHIN, settle=False)
        await end


async def test_a_shutdown_revokes_replaced_tokens_too(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, revoke_on_shutdown="token"))

    async with engine(loaded, clock) as running:
        old, vault = running.token, running.assembly.vault
        proxy.only, proxy.status = "renew-self", 403
        await clock.advance(2440)
        assert not running.token.is_same(old)
        assert await vault.is_valid(old)

        await running.assembly.release()

        assert not await vault.is_valid(old)
        assert not await vault.is_valid(running.token)


async def test_leases_of_an_application_that_is_never_notified_do_not_pile_up(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    database.role(app.admin, app.name, ttl="60s", max_ttl="60s")
    config = settings(app, proxy, tmpfs, creds, secret={"issuance_budget": 100})
    config["template"][0]["exec"] = {"command": ["false"]}
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock) as running:
        proxy.only, proxy.status = "leases/renew", 400  # the server's own clock stands still
        await clock.advance(600)

        assert proxy.count(creds) >= 10
        assert len(running.state.store.leases()) <= 3


async def test_a_refresh_does_not_publish_before_its_delay_is_over(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    app.put("slow", value="one")
    secrets = {"slow": {"path": app.path("slow"), "publish_delay": "30s"}}
    entry = {"contents": "{{ slow.value }}", "destination": str(tmpfs / "slow")}
    loaded = load_from(
        tmp_path, settings(app, proxy, tmpfs, creds, secrets=secrets, template=[entry])
    )

    async with engine(loaded, clock) as running:
        app.put("slow", value="two")
        running.assembly.watch.refresh_static()
        await clock.settled()
        running.assembly.watch.refresh_static()
        await clock.advance(29)
        assert (tmpfs / "slow").read_text() == "one"

        await clock.advance(1)
        assert (tmpfs / "slow").read_text() == "two"


async def test_names_of_paths_that_a_secret_computes_do_not_pile_up(
    app, proxy, clock, tmpfs, tmp_path, creds
):
    app.put("pointer", to=app.path("target0"))
    for n in range(5):
        app.put(f"target{n}", value=str(n))
    text = f'{{{{ secret(secret("{app.path("pointer")}").to).value }}}}'
    entry = {"contents": text, "destination": str(tmpfs / "file")}
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secrets={}, template=[entry]))

    async with engine(loaded, clock) as running:
        for n in range(1, 5):
            app.put("pointer", to=app.path(f"target{n}"))
            await clock.advance(67)
            assert (tmpfs / "file").read_text() == str(n)

        assert len(running.assembly.watch.settings._in_place) == 2
        assert len(running.assembly.health.all("secret")) == 2


async def test_secrets_at_one_path_with_different_parameters_are_distinguished(
    app, proxy, clock, tmpfs, tmp_path, creds
):
    """Both are written to a path that is denied; neither hides the other, nor shows its value."""
    entries = [
        {
            "contents": f'{{{{ secret("denied/x", given="canary-{n}").value }}}}',
            "destination": str(tmpfs / f"file{n}"),
        }
        for n in range(2)
    ]
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds, secrets={}, template=entries))

    async with engine(loaded, clock) as running:
        reports = running.assembly.health.all("secret")
        assert [report.name for report in reports] == ["denied/x", "denied/x #2"]
        assert "canary" not in running.log


async def test_the_file_of_a_credential_is_restored_within_the_interval(
    app, proxy, clock, tmpfs, tmp_path, creds, database
):
    """Its next renewal is half an hour away."""
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))

    async with engine(loaded, clock) as running:
        before = (tmpfs / "db0").read_text()
        (tmpfs / "db0").unlink()
        await clock.advance(61)

        assert (tmpfs / "db0").read_text() == before
        assert running.log.count("changed or removed by somebody else") == 1
        assert proxy.count(creds) == 1
