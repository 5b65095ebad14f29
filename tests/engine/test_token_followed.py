"""What another token changes for a secret, and what the same one, renewed, does not."""

from dataclasses import replace

import pytest

from injector.sources.vault import Token
from tests.engine.test_engine import one_file
from tests.engine.test_leases import settings
from tests.support.engine import Engine
from tests.support.proxy import Gate


async def logged_in_again(running: Engine, app) -> Token:
    body = {"role_id": app.role_id.read_text(), "secret_id": app.secret_id.read_text().strip()}
    return await running.assembly.vault.log_in("auth/approle", body)


async def test_a_denied_path_is_retried_at_once_with_another_token_but_not_with_the_same(lab):
    secrets = {"db": {"path": "secret/data/forbidden"}}

    async with lab.start(one_file(lab, blocks={"secrets": secrets})) as running:
        await lab.clock.advance(100)
        asked = lab.proxy.count("forbidden")

        running.assembly.tokens.put(replace(running.token, granted_at=lab.clock.now()))  # renewed
        await lab.clock.settled()
        assert lab.proxy.count("forbidden") == asked

        running.assembly.tokens.put(await logged_in_again(running, lab.app))
        await lab.clock.settled()
        assert lab.proxy.count("forbidden") == asked + 1


@pytest.mark.parametrize("status", [500, 403])
async def test_a_lease_that_another_token_could_not_get_is_retried_when_due_and_not_sooner(
    lab, creds, database, status
):
    async with lab.start(settings(lab, creds)) as running:
        lab.proxy.only, lab.proxy.status = creds, status
        running.assembly.tokens.put(await logged_in_again(running, lab.app))
        await lab.clock.advance(10)
        asked = lab.proxy.count(creds)

        running.assembly.tokens.put(replace(running.token, granted_at=lab.clock.now()))  # renewed
        await lab.clock.settled()
        assert lab.proxy.count(creds) == asked


async def test_a_renewal_beside_a_refused_request_does_not_repeat_it(lab):
    """It is the same token: is it dead, or is policy to blame?"""
    secrets = {"db": {"path": "secret/data/forbidden"}}
    gate = Gate(lab.proxy, "forbidden")

    async with lab.start(one_file(lab, blocks={"secrets": secrets}), settle=False) as running:
        await gate.reached.wait()
        running.assembly.tokens.put(replace(running.token, granted_at=lab.clock.now()))
        gate.open.set()
        await lab.clock.settled()

        assert lab.proxy.count("forbidden") == 1
        assert lab.proxy.count("lookup-self") == 1
