"""What goes on failing is not said at length again and again, and one failure not by two parts."""

import pytest

from tests.engine.test_engine import one_file
from tests.support.engine import engine, load_from


async def test_a_repeated_failure_is_logged_in_full_once_and_occasionally(
    app, proxy, clock, tmpfs, tmp_path
):
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock, jitter=1.0) as running:
        await clock.advance(500)
        failures = running.events("secret failed")

        assert "nothing is there" in failures[0]["error"]
        assert failures[0]["level"] == "error"
        assert all("error" not in failure for failure in failures[1:10])
        assert failures[5].items() >= {"level": "debug", "secret": "db", "failures": 6}.items()
        assert failures[10]["error"] == failures[0]["error"]


async def test_another_error_is_logged_in_full(app, proxy, clock, tmpfs, tmp_path):
    loaded = load_from(tmp_path, one_file(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        await clock.advance(1)
        app.allow("secret/data/elsewhere")
        await clock.advance(3)

        said = [failure.get("error", "") for failure in running.events("secret failed")]
        assert "nothing is there" in said[0]
        assert "permission denied" in "".join(said[1:])


async def test_what_a_retry_usually_fixes_is_an_error_in_full_the_third_time(
    app, proxy, clock, tmpfs, tmp_path
):
    proxy.only, proxy.status = "/db", 500

    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock) as running:
        await clock.advance(20)
        failures = running.events("secret failed")

        assert [failure["level"] for failure in failures[:4]] == ["info", "debug", "error", "debug"]
        assert ["error" in failure for failure in failures[:4]] == [True, False, True, False]


@pytest.mark.parametrize("failing_before", [0, 100])
async def test_an_unreachable_vault_is_logged_once(
    app, proxy, clock, tmpfs, tmp_path, failing_before
):
    async with engine(load_from(tmp_path, one_file(app, proxy, tmpfs)), clock) as running:
        await clock.advance(failing_before)
        proxy.status = 503
        await clock.advance(90)

        assert running.log.count("Vault is sealed") == 1
        assert "Vault is sealed" in running.events("vault unreachable")[0]["error"]
