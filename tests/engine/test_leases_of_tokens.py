"""Leases and the token that they were issued with: replaced, revoked, denied."""

from tests.engine.test_leases import logs_in, notified, refused, settings
from tests.support.proxy import Gate


async def test_a_replaced_token_revokes_no_lease(lab, creds, database):
    """A planned hand-over: log in, issue anew, deliver, then revoke the old token."""
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_ttl="20m", token_type="service", token_num_uses=0
    )
    lab.put("kv", value="x")
    config = settings(lab, creds, secret={"overlap": "30s"})
    config["template"].append(
        {
            "contents": f'{{{{ secret("{lab.path("kv")}").value }}}}',
            "destination": str(lab.tmpfs / "kv"),
        }
    )

    async with lab.start(config) as running:
        first = running.token
        old = lab.read("db0").split()
        lab.proxy.only = "renew-self"
        lab.proxy.status = 403  # not renewable any more: it is replaced instead
        await lab.clock.advance(820)

        assert not running.token.is_same(first)
        assert lab.proxy.count(creds) == 2
        assert database.accepts(*old)
        assert logs_in(database, lab.tmpfs)
        await lab.clock.advance(60)
        assert not database.accepts(*old)
        assert logs_in(database, lab.tmpfs)
        assert running.assembly.tokens.replaced == []
        assert running.log.count('"path":"' + str(lab.tmpfs / "kv")) == 1


async def test_another_token_is_one_change_for_an_application_however_many_leases_follow_it(
    lab, creds, database
):
    database.role(lab.admin, f"{lab.name}-b", ttl="1h", max_ttl="24h")
    lab.allow(creds, f"{creds}-b", "sys/leases/revoke")
    secrets = {"db": {"path": creds}, "other": {"path": f"{creds}-b"}}
    config = settings(lab, creds, secrets=secrets, files=2)
    config["template"][1]["contents"] = "{{ db.username }} {{ other.username }}"

    async with lab.start(notified(config)) as running:
        before = lab.read("db1").split()
        lab.proxy.only, lab.proxy.status = "renew-self", 403
        while lab.proxy.count("/login") < 2:
            await lab.clock.advance(10)
        await lab.clock.advance(20)

        assert not set(lab.read("db1").split()) & set(before)
        assert running.log.count('"notified"') == 2


async def test_a_lease_that_a_revoked_token_cannot_revoke_expires_with_its_own_token(
    lab, creds, database
):
    async with lab.start(settings(lab, creds, secret={"overlap": "30s"})) as running:
        old = lab.read("db0").split()
        lab.proxy.only, lab.proxy.status = "renew-self", 403
        while lab.proxy.count("/login") < 2:
            await lab.clock.advance(10)
        lab.admin.auth.token.revoke(running.token.value)  # by an operator; nobody knows yet
        await lab.clock.advance(35)

        assert "not revoked, left to expire" in running.log
        await refused(lambda: database.accepts(*old))
        assert running.state.store.leases() != []


async def test_a_replaced_token_lives_while_a_lease_is_being_issued_with_it(lab, creds, database):
    gate = Gate(lab.proxy, creds)

    async with lab.start(settings(lab, creds), settle=False) as running:
        await gate.reached.wait()
        old, vault = running.token, running.assembly.vault
        body = {
            "role_id": lab.app.role_id.read_text(),
            "secret_id": lab.app.secret_id.read_text().strip(),
        }
        running.assembly.tokens.put(await vault.log_in("auth/approle", body))
        assert await vault.is_valid(old)
        assert lab.proxy.count("revoke-self") == 0

        gate.open.set()
        await lab.clock.settled()
        assert lab.proxy.count(creds) == 2
        assert logs_in(database, lab.tmpfs)
        await lab.clock.advance(70)
        assert not await vault.is_valid(old)


async def test_a_revoked_token_causes_new_credentials_at_once_and_only_once(lab, creds, database):
    lab.put("kv", value="x")
    config = settings(lab, creds)
    config["template"].append(
        {
            "contents": f'{{{{ secret("{lab.path("kv")}").value }}}}',
            "destination": str(lab.tmpfs / "kv"),
        }
    )
    notified(config)

    async with lab.start(config) as running:
        kv = (lab.tmpfs / "kv").stat()
        lab.admin.auth.token.revoke(running.token.value)
        await refused(lambda: logs_in(database, lab.tmpfs))
        await lab.clock.advance(67)

        assert lab.proxy.count("/login") == 2
        assert lab.proxy.count(creds) == 2
        assert logs_in(database, lab.tmpfs)
        assert (lab.tmpfs / "kv").stat() == kv
        assert running.log.count('"notified"') == 2


async def test_a_path_that_stays_denied_causes_an_occasional_login_and_no_credential(
    lab, creds, database
):
    """A fresh token that may do no more than the old one is given back: no lease dies with it."""
    config = settings(lab, creds)
    forbidden = {
        "contents": '{{ secret("secret/data/no").x }}',
        "destination": str(lab.tmpfs / "no"),
    }
    config["template"].append(forbidden)

    async with lab.start(config) as running:
        first = running.token
        await lab.clock.advance(4 * 3600)

        assert running.token.is_same(first)
        assert lab.proxy.count(creds) == 1
        assert lab.proxy.count("/login") <= 1 + 2 + 6
        assert lab.proxy.count("revoke-self") == lab.proxy.count("/login") - 1
        assert running.assembly.tokens.replaced == []
        assert "token" not in [report.kind for report in running.assembly.health.failures()]


async def test_without_lookups_a_denied_path_replaces_the_token_ever_less_often(
    lab, creds, database
):
    """Nothing tells a dead token from a policy there, so a fresh one is taken over on suspicion."""
    lab.allow(creds, "sys/leases/renew")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_no_default_policy=True, token_ttl="4h"
    )
    config = settings(lab, creds)
    forbidden = {
        "contents": '{{ secret("secret/data/no").x }}',
        "destination": str(lab.tmpfs / "no"),
    }
    config["template"].append(forbidden)

    async with lab.start(config):
        await lab.clock.advance(2.5 * 3600)

        assert lab.proxy.count(creds) <= lab.proxy.count("/login") <= 1 + 7
