"""The token for programs that speak to Vault themselves: plain, or wrapped for one reader."""

import json

import hvac

from tests.engine import configuration, engine, load_from


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
    async with engine(load_from(tmp_path, config), clock, kept=running.kept):
        assert (tmpfs / "token").read_text() == before
        assert proxy.count("wrapping/wrap") == 1

    config["auto_auth"]["sinks"][0]["wrap_ttl"] = "10m"
    async with engine(load_from(tmp_path, config), clock, kept=running.kept):
        assert json.loads((tmpfs / "token").read_text())["ttl"] == 600


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
