"""What goes on failing is not said at length again and again, and one failure not by two parts."""

import pytest

from tests.engine.test_engine import one_file


async def test_a_repeated_failure_is_logged_in_full_once_and_occasionally(lab):
    async with lab.start(one_file(lab), jitter=1.0) as running:
        await lab.clock.advance(500)
        failures = running.events("secret failed")

        assert "nothing is there" in failures[0]["error"]
        assert failures[0]["level"] == "error"
        assert all("error" not in failure for failure in failures[1:10])
        assert failures[5].items() >= {"level": "debug", "secret": "db", "failures": 6}.items()
        assert failures[10]["error"] == failures[0]["error"]


async def test_another_error_is_logged_in_full(lab):
    async with lab.start(one_file(lab)) as running:
        await lab.clock.advance(1)
        lab.allow("secret/data/elsewhere")
        await lab.clock.advance(3)

        said = [failure.get("error", "") for failure in running.events("secret failed")]
        assert "nothing is there" in said[0]
        assert "permission denied" in "".join(said[1:])


async def test_what_a_retry_usually_fixes_is_an_error_in_full_the_third_time(lab):
    lab.proxy.only, lab.proxy.status = "/db", 500

    async with lab.start(one_file(lab)) as running:
        await lab.clock.advance(20)
        failures = running.events("secret failed")

        assert [failure["level"] for failure in failures[:4]] == ["info", "debug", "error", "debug"]
        assert ["error" in failure for failure in failures[:4]] == [True, False, True, False]


@pytest.mark.parametrize("failing_before", [0, 100])
async def test_an_unreachable_vault_is_logged_once(lab, failing_before):
    async with lab.start(one_file(lab)) as running:
        await lab.clock.advance(failing_before)
        lab.proxy.status = 503
        await lab.clock.advance(90)

        assert running.log.count("Vault is sealed") == 1
        assert "Vault is sealed" in running.events("vault unreachable")[0]["error"]
