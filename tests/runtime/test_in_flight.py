"""What gives something once is not cut off by a reload, nor by an end, if it is answered soon."""

import asyncio
import contextlib
import gc
import io
import os
import signal
import weakref

import pytest

from injector.runtime.plan import plan
from injector.runtime.run import Daemon
from tests.status.test_listener import ask
from tests.support.engine import configuration, fresh_state, load_from
from tests.support.fakes import LIMIT
from tests.support.proxy import Gate


@contextlib.asynccontextmanager
async def daemon(tmp_path, config, clock):
    """Run the daemon in this loop until the block ends by itself, or is over."""
    output = io.StringIO()
    loaded = load_from(tmp_path, config)
    made = Daemon(loaded, fresh_state(clock, output), lambda: plan(loaded.loaded.path, {}))
    task = asyncio.create_task(made.run())
    try:
        yield made, output
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            assert await task == 0


def settings(app, proxy, tmpfs, path, **method):
    config = configuration(
        app,
        proxy.address,
        template=[
            {"contents": f'{{{{ secret("{path}") | tojson }}}}', "destination": f"{tmpfs}/a"}
        ],
        listener=[{"type": "unix", "address": f"{tmpfs}/socket"}],
    )
    config["auto_auth"]["method"]["config"].update(method)
    return config


@pytest.mark.parametrize("only", ["/login", "wrapping/unwrap"])
async def test_a_reload_waits_for_a_login_that_works_once(app, proxy, clock, tmpfs, tmp_path, only):
    app.put("db", password="one")
    app.admin.auth.approle.create_or_update_approle(
        app.name, token_policies=[app.name], secret_id_num_uses=1
    )
    wrapped = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
    app.secret_id.write_text(wrapped["wrap_info"]["token"])
    made_at = f"auth/approle/role/{app.name}/secret-id"
    config = settings(app, proxy, tmpfs, app.path("db"), secret_id_response_wrapping_path=made_at)
    gate = Gate(proxy, only)

    async with daemon(tmp_path, config, clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        gate.open.set()
        await said(output, "file written")

    assert "SECURITY" not in output.getvalue()
    assert proxy.count("unwrap") == 1
    assert proxy.count("/login") == 1


async def test_a_reload_waits_for_a_credential_that_is_being_issued(
    app, proxy, clock, tmpfs, tmp_path, database
):
    creds = f"database/creds/{app.name}"
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    app.allow(creds)
    gate = Gate(proxy, creds)

    async with daemon(tmp_path, settings(app, proxy, tmpfs, creds), clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        gate.open.set()
        await said(output, "file written")

    assert proxy.count(creds) == 1


async def test_a_reload_does_not_wait_for_what_can_be_read_again(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("db", password="one")

    config = settings(app, proxy, tmpfs, app.path("db"))
    async with daemon(tmp_path, config, clock) as (made, output):
        await said(output, "file written")
        gate = Gate(proxy, "/db")
        made._refresh()
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, '"reloaded"')
        gate.open.set()

    assert "reload waiting" not in output.getvalue()


async def test_a_shutdown_does_not_wait_long_for_a_request_that_hangs(
    app, proxy, clock, tmpfs, tmp_path
):
    gate = Gate(proxy, "/login")

    async with daemon(tmp_path, settings(app, proxy, tmpfs, "x/y"), clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        os.kill(os.getpid(), signal.SIGTERM)
        while "stopped" not in output.getvalue():
            await asyncio.sleep(0)
            await clock.advance(0.1, settle=False)
        assert clock.now() < 1000 + 10


async def test_nothing_is_left_of_a_configuration_after_the_next_one(
    app, proxy, clock, tmpfs, tmp_path
):
    """A reload a minute would fill the memory, in which old values stay as well."""
    app.put("db", password="one")
    config = settings(app, proxy, tmpfs, app.path("db"))
    assemblies = weakref.WeakSet[object]()

    async with daemon(tmp_path, config, clock) as (made, output):
        for number in range(1, 5):
            await clock.settled()
            assemblies.add(made._assembly)
            assert (await asyncio.to_thread(ask, tmpfs / "socket", "GET", "/status"))[0] == 200
            os.kill(os.getpid(), signal.SIGHUP)
            await clock.advance(2)
            await said(output, '"reloaded"', times=number)
        await clock.settled()
        gc.collect()

        assert list(assemblies) == []


async def said(output, text, *, times=1):
    async with asyncio.timeout(LIMIT):
        while output.getvalue().count(text) < times:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0)
