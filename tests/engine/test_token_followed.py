"""What another token changes for a secret, and what the same one, renewed, does not."""

from dataclasses import replace

import pytest

from injector.sources.vault import Token
from tests.engine.test_engine import one_file
from tests.engine.test_leases import settings
from tests.support.engine import Engine, engine, load_from
from tests.support.proxy import Gate


async def logged_in_again(running: Engine, app) -> Token:
    body = {"role_id": app.role_id.read_text(), "secret_id": app.secret_id.read_text().strip()}
    return await running.assembly.vault.log_in("auth/approle", body)


async def test_a_denied_path_is_retried_at_once_with_another_token_but_not_with_the_same(
    app, proxy, clock, tmpfs, tmp_path
):
    secrets = {"db": {"path": "secret/data/forbidden"}}
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"secrets": secrets}))

    async with engine(loaded, clock) as running:
        await clock.advance(100)
        asked = proxy.count("forbidden")

        running.assembly.tokens.put(replace(running.token, granted_at=clock.now()))  # renewed
        await clock.settled()
        assert proxy.count("forbidden") == asked

        running.assembly.tokens.put(await logged_in_again(running, app))
        await clock.settled()
        assert proxy.count("forbidden") == asked + 1


@pytest.mark.parametrize("status", [500, 403])
async def test_a_lease_that_another_token_could_not_get_is_retried_when_due_and_not_sooner(
    app, proxy, clock, tmpfs, tmp_path, creds, database, status
):
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, creds))

    async with engine(loaded, clock) as running:
        proxy.only, proxy.status = creds, status
        running.assembly.tokens.put(await logged_in_again(running, app))
        await clock.advance(10)
        asked = proxy.count(creds)

        running.assembly.tokens.put(replace(running.token, granted_at=clock.now()))  # renewed
        await clock.settled()
        assert proxy.count(creds) == asked


async def test_a_renewal_beside_a_refused_request_does_not_repeat_it(
    app, proxy, clock, tmpfs, tmp_path
):
    """It is the same token: is it dead, or is policy to blame?"""
    secrets = {"db": {"path": "secret/data/forbidden"}}
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs, blocks={"secrets": secrets}))
    gate = Gate(proxy, "forbidden")

    async with engine(loaded, clock, settle=False) as running:
        await gate.reached.wait()
        running.assembly.tokens.put(replace(running.token, granted_at=clock.now()))
        gate.open.set()
        await clock.settled()

        assert proxy.count("forbidden") == 1
        assert proxy.count("lookup-self") == 1
