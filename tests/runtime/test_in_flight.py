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
from tests.support.engine import fresh_state, load_from
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


def settings(lab, path, **method):
    config = lab.config(
        template=[
            {"contents": f'{{{{ secret("{path}") | tojson }}}}', "destination": f"{lab.tmpfs}/a"}
        ],
        listener=[{"type": "unix", "address": f"{lab.tmpfs}/socket"}],
    )
    config["auto_auth"]["method"]["config"].update(method)
    return config


@pytest.mark.parametrize("only", ["/login", "wrapping/unwrap"])
async def test_a_reload_waits_for_a_login_that_works_once(lab, only):
    lab.put("db", password="one")
    lab.admin.auth.approle.create_or_update_approle(
        lab.name, token_policies=[lab.name], secret_id_num_uses=1
    )
    wrapped = lab.admin.auth.approle.generate_secret_id(lab.name, wrap_ttl="60s")
    lab.app.secret_id.write_text(wrapped["wrap_info"]["token"])
    made_at = f"auth/approle/role/{lab.name}/secret-id"
    config = settings(lab, lab.path("db"), secret_id_response_wrapping_path=made_at)
    gate = Gate(lab.proxy, only)

    async with daemon(lab.folder, config, lab.clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        gate.open.set()
        await said(output, "file written")

    assert "SECURITY" not in output.getvalue()
    assert lab.proxy.count("unwrap") == 1
    assert lab.proxy.count("/login") == 1


async def test_a_reload_waits_for_a_credential_that_is_being_issued(lab, database):
    creds = f"database/creds/{lab.name}"
    database.role(lab.admin, lab.name, ttl="1h", max_ttl="24h")
    lab.allow(creds)
    gate = Gate(lab.proxy, creds)

    async with daemon(lab.folder, settings(lab, creds), lab.clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        gate.open.set()
        await said(output, "file written")

    assert lab.proxy.count(creds) == 1


async def test_a_reload_does_not_wait_for_what_can_be_read_again(lab):
    lab.put("db", password="one")

    config = settings(lab, lab.path("db"))
    async with daemon(lab.folder, config, lab.clock) as (made, output):
        await said(output, "file written")
        gate = Gate(lab.proxy, "/db")
        made._refresh()
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, '"reloaded"')
        gate.open.set()

    assert "reload waiting" not in output.getvalue()


async def test_a_shutdown_does_not_wait_long_for_a_request_that_hangs(lab):
    gate = Gate(lab.proxy, "/login")

    async with daemon(lab.folder, settings(lab, "x/y"), lab.clock) as (_, output):
        await gate.reached.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await said(output, "reload waiting")
        os.kill(os.getpid(), signal.SIGTERM)
        while "stopped" not in output.getvalue():
            await asyncio.sleep(0)
            await lab.clock.advance(0.1, settle=False)
        assert lab.clock.now() < 1000 + 10


async def test_nothing_is_left_of_a_configuration_after_the_next_one(lab):
    """A reload a minute would fill the memory, in which old values stay as well."""
    lab.put("db", password="one")
    config = settings(lab, lab.path("db"))
    assemblies = weakref.WeakSet[object]()

    async with daemon(lab.folder, config, lab.clock) as (made, output):
        for number in range(1, 5):
            await lab.clock.settled()
            assemblies.add(made._assembly)
            assert (await asyncio.to_thread(ask, lab.tmpfs / "socket", "GET", "/status"))[0] == 200
            os.kill(os.getpid(), signal.SIGHUP)
            await lab.clock.advance(2)
            await said(output, '"reloaded"', times=number)
        await lab.clock.settled()
        gc.collect()

        assert list(assemblies) == []


async def said(output, text, *, times=1):
    async with asyncio.timeout(LIMIT):
        while output.getvalue().count(text) < times:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0)
