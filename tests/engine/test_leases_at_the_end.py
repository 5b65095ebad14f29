"""Leases when the program ends: what is revoked, and how long that may take."""

import asyncio

import pytest

from injector.runtime.assembly import RELEASE_WITHIN
from tests.engine.test_leases import refused, settings


@pytest.mark.parametrize("what", ["none", "leases", "token"])
async def test_what_is_revoked_on_shutdown(lab, creds, database, what):
    async with lab.start(settings(lab, creds, revoke_on_shutdown=what)) as running:
        old = lab.read("db0").split()
        token = running.token
        await running.assembly.release()

        if what == "token":
            await refused(lambda: database.accepts(*old))
        assert database.accepts(*old) is (what == "none")
        assert await running.assembly.vault.is_valid(token) is (what != "token")


async def test_a_batch_tokens_leases_are_revoked_on_shutdown_because_it_cannot_be(
    lab, creds, database
):
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], token_type="batch", token_ttl="1h"
    )

    async with lab.start(settings(lab, creds, revoke_on_shutdown="token")) as running:
        old = lab.read("db0").split()
        assert database.accepts(*old)
        await running.assembly.release()

        assert not database.accepts(*old)
        assert lab.proxy.count("revoke-self") == 0


async def test_a_revocation_that_hangs_delays_the_end_by_its_deadline_only(lab, creds, database):
    async with lab.start(settings(lab, creds, revoke_on_shutdown="leases")) as running:
        lab.proxy.held = "leases/revoke"
        end = asyncio.create_task(running.assembly.release())
        await lab.proxy.holding.wait()
        await lab.clock.advance(RELEASE_WITHIN - 0.1, settle=False)
        assert not end.done()
        await lab.clock.advance(0.1, settle=False)
        await end

        assert "not everything revoked" in running.log


async def test_one_revocation_that_hangs_does_not_delay_others(lab, creds, database):
    """They have seconds for all of them, however far away Vault is."""
    database.role(lab.admin, f"{lab.name}-b", ttl="1h", max_ttl="24h")
    lab.allow(creds, f"{creds}-b", "sys/leases/revoke")
    secrets = {"db": {"path": creds}, "other": {"path": f"{creds}-b"}}
    config = settings(lab, creds, secrets=secrets, files=2, revoke_on_shutdown="leases")
    config["template"][1]["contents"] = "{{ other.username }} {{ other.password }}"

    async with lab.start(config) as running:
        logins = [lab.read(name).split() for name in ("db0", "db1")]

        async def first_hangs(request):
            if not lab.proxy.holding.is_set():
                lab.proxy.holding.set()
                await asyncio.Event().wait()
            return await lab.proxy._forward(request)

        lab.proxy.only, lab.proxy.answer = "leases/revoke", first_hangs
        end = asyncio.create_task(running.assembly.release())
        await refused(lambda: all(database.accepts(*login) for login in logins))
        assert not end.done()
        await lab.clock.advance(RELEASE_WITHIN, settle=False)
        await end


async def test_a_shutdown_revokes_replaced_tokens_too(lab, creds, database):
    async with lab.start(settings(lab, creds, revoke_on_shutdown="token")) as running:
        old, vault = running.token, running.assembly.vault
        lab.proxy.only, lab.proxy.status = "renew-self", 403
        await lab.clock.advance(2440)
        assert not running.token.is_same(old)
        assert await vault.is_valid(old)

        await running.assembly.release()

        assert not await vault.is_valid(old)
        assert not await vault.is_valid(running.token)
