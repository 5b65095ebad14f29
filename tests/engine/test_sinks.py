"""The token for programs that speak to Vault themselves: plain, or wrapped for one reader."""

import asyncio
import json
from functools import partial
from pathlib import Path

import hvac
import pytest

from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from tests.support.fakes import LIMIT


def sinking(lab, **sink):
    made = lab.config()
    made["auto_auth"]["sinks"] = [{"config": {"path": str(lab.tmpfs / "token")}, **sink}]
    return made


async def test_the_content_of_the_sink_can_be_exchanged_for_the_token_once(lab):
    async with lab.start(sinking(lab, wrap_ttl="5m")) as running:
        written = json.loads(lab.read("token"))
        reader = hvac.Client(lab.app.bao.address, token=written["token"])
        unwrapped = reader.sys.unwrap()

        assert unwrapped["data"]["token"] == running.token.value
        assert written["ttl"] == 300
        assert written["creation_path"] == "sys/wrapping/wrap"
        assert written["token"] not in running.log


async def test_a_renewed_token_is_not_rewrapped_but_a_new_one_is(lab):
    async with lab.start(sinking(lab, wrap_ttl="5m")) as running:
        before, first = lab.read("token"), running.token
        await lab.clock.advance(3000)
        await lab.clock.settled()
        assert lab.proxy.count("renew-self") == 1
        assert lab.read("token") == before

        lab.admin.auth.token.revoke(running.token.value)
        running.assembly.tokens.report_bad(running.token)
        await lab.clock.settled()

        assert running.token.value != first.value
        assert lab.read("token") != before


async def test_a_reload_leaves_what_is_wrapped_to_its_reader(lab):
    config = sinking(lab, wrap_ttl="5m")

    async with lab.start(config) as running:
        before = lab.read("token")
    async with lab.start(config, state=running.state):
        assert lab.read("token") == before
        assert lab.proxy.count("wrapping/wrap") == 1

    config["auto_auth"]["sinks"][0]["wrap_ttl"] = "10m"
    async with lab.start(config, state=running.state):
        assert json.loads(lab.read("token"))["ttl"] == 600


@pytest.mark.parametrize("what", [Path.unlink, partial(Path.write_text, data="edited")])
async def test_a_plain_token_that_somebody_removes_or_edits_comes_back_at_once(lab, what):
    async with lab.start(sinking(lab)) as running:
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def tamper():
            what(lab.tmpfs / "token")
            async with asyncio.timeout(LIMIT):
                while len(running.events("token written")) < 2:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0)

        await alongside([watching], tamper())
        assert lab.read("token") == running.token.value


async def test_what_a_reader_has_unwrapped_and_removed_does_not_come_back(lab):
    """It would be refused: a wrapping token is good for one use."""

    async with lab.start(sinking(lab, wrap_ttl="5m")):
        (lab.tmpfs / "token").unlink()
        await lab.clock.advance(3000)

        assert lab.proxy.count("renew-self") == 1
        assert not (lab.tmpfs / "token").exists()


async def test_while_vault_does_not_answer_the_wrapping_waits(lab):
    lab.proxy.only, lab.proxy.status = "wrapping/wrap", 503

    async with lab.start(sinking(lab, wrap_ttl="5m")) as running:
        assert not (lab.tmpfs / "token").exists()
        assert not running.assembly.health.settled

        lab.proxy.status = None
        await lab.clock.advance(30)
        await lab.clock.settled()

        assert json.loads(lab.read("token"))["ttl"] == 300
