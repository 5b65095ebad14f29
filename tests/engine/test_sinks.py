"""The token for programs that speak to Vault themselves: plain, or wrapped for one reader."""

import asyncio
import json
from functools import partial
from pathlib import Path

import hvac
import pytest

from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from tests.support.engine import configuration, engine, load_from
from tests.support.fakes import LIMIT


def sinking(app, proxy, tmpfs, **sink):
    made = configuration(app, proxy.address)
    made["auto_auth"]["sinks"] = [{"config": {"path": str(tmpfs / "token")}, **sink}]
    return made


async def test_the_content_of_the_sink_can_be_exchanged_for_the_token_once(
    app, proxy, clock, tmpfs, tmp_path
):
    loaded = load_from(tmp_path, sinking(app, proxy, tmpfs, wrap_ttl="5m"))

    async with engine(loaded, clock) as running:
        written = json.loads((tmpfs / "token").read_text())
        reader = hvac.Client(app.bao.address, token=written["token"])
        unwrapped = reader.sys.unwrap()

        assert unwrapped["data"]["token"] == running.token.value
        assert written["ttl"] == 300
        assert written["creation_path"] == "sys/wrapping/wrap"
        assert written["token"] not in running.log


async def test_a_renewed_token_is_not_rewrapped_but_a_new_one_is(
    app, proxy, clock, tmpfs, tmp_path
):
    loaded = load_from(tmp_path, sinking(app, proxy, tmpfs, wrap_ttl="5m"))

    async with engine(loaded, clock) as running:
        before, first = (tmpfs / "token").read_text(), running.token
        await clock.advance(3000)
        await clock.settled()
        assert proxy.count("renew-self") == 1
        assert (tmpfs / "token").read_text() == before

        app.admin.auth.token.revoke(running.token.value)
        running.assembly.tokens.report_bad(running.token)
        await clock.settled()

        assert running.token.value != first.value
        assert (tmpfs / "token").read_text() != before


async def test_a_reload_leaves_what_is_wrapped_to_its_reader(app, proxy, clock, tmpfs, tmp_path):
    config = sinking(app, proxy, tmpfs, wrap_ttl="5m")

    async with engine(load_from(tmp_path, config), clock) as running:
        before = (tmpfs / "token").read_text()
    async with engine(load_from(tmp_path, config), clock, state=running.state):
        assert (tmpfs / "token").read_text() == before
        assert proxy.count("wrapping/wrap") == 1

    config["auto_auth"]["sinks"][0]["wrap_ttl"] = "10m"
    async with engine(load_from(tmp_path, config), clock, state=running.state):
        assert json.loads((tmpfs / "token").read_text())["ttl"] == 600


@pytest.mark.parametrize("what", [Path.unlink, partial(Path.write_text, data="edited")])
async def test_a_plain_token_that_somebody_removes_or_edits_comes_back_at_once(
    app, proxy, clock, tmpfs, tmp_path, what
):
    loaded = load_from(tmp_path, sinking(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def tamper():
            what(tmpfs / "token")
            async with asyncio.timeout(LIMIT):
                while len(running.events("token written")) < 2:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0)

        await alongside([watching], tamper())
        assert (tmpfs / "token").read_text() == running.token.value


async def test_what_a_reader_has_unwrapped_and_removed_does_not_come_back(
    app, proxy, clock, tmpfs, tmp_path
):
    """It would be refused: a wrapping token is good for one use."""
    loaded = load_from(tmp_path, sinking(app, proxy, tmpfs, wrap_ttl="5m"))

    async with engine(loaded, clock):
        (tmpfs / "token").unlink()
        await clock.advance(3000)

        assert proxy.count("renew-self") == 1
        assert not (tmpfs / "token").exists()


async def test_while_vault_does_not_answer_the_wrapping_waits(app, proxy, clock, tmpfs, tmp_path):
    loaded = load_from(tmp_path, sinking(app, proxy, tmpfs, wrap_ttl="5m"))
    proxy.only, proxy.status = "wrapping/wrap", 503

    async with engine(loaded, clock) as running:
        assert not (tmpfs / "token").exists()
        assert not running.assembly.health.settled

        proxy.status = None
        await clock.advance(30)
        await clock.settled()

        assert json.loads((tmpfs / "token").read_text())["ttl"] == 300
