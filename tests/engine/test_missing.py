"""What becomes of files when their secret is gone: `on_missing` and `optional`."""

import pytest
from aiohttp import web

from injector.base.errors import MissingError
from tests.support.engine import configuration, engine, load_from


@pytest.fixture
def load(app, proxy, tmpfs, tmp_path):
    def load(**secret):
        app.put("db", password="one")
        entry = {
            "contents": "{{ db.password if db else 'none' }}",
            "destination": str(tmpfs / "db.env"),
            "notify": ["app"],
        }
        config = configuration(
            app,
            proxy.address,
            secrets={"db": {"path": app.path("db"), **secret}},
            template=[entry],
            notify={"app": {"command": ["true"]}},
        )
        return load_from(tmp_path, config)

    return load


@pytest.fixture
def delete(app):
    """Delete the newest version, as somebody might by mistake."""

    def delete():
        app.admin.secrets.kv.v2.delete_latest_version_of_secret(f"{app.name}/db")

    return delete


async def test_by_default_a_file_is_kept_and_is_not_an_error(load, clock, tmpfs, delete):
    async with engine(load(), clock) as running:
        delete()
        await clock.advance(300)

        assert (tmpfs / "db.env").read_text() == "one"
        assert running.assembly.watch.gone() == []
        [failure] = running.assembly.health.failures()
        assert isinstance(failure.error, MissingError)
        assert running.log.count('"notified"') == 1


async def test_if_configured_a_file_is_removed_and_comes_back_with_the_secret(
    load, app, clock, tmpfs, delete
):
    async with engine(load(on_missing="remove"), clock) as running:
        delete()
        await clock.advance(67)
        assert not (tmpfs / "db.env").exists()
        assert "file removed: its secret is gone" in running.log
        [reason] = running.assembly.readiness.reasons()
        assert reason.startswith(f"{tmpfs}/db.env is not in place yet: read {app.path('db')}: ")

        app.put("db", password="two")
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == "two"
        assert running.log.count('"notified"') == 2
        assert running.assembly.health.settled
        [generation] = running.state.store.all()
        assert generation.number == 2


async def test_a_file_that_an_earlier_process_left_is_removed_as_well(
    load, clock, tmpfs, delete, app
):
    loaded = load(on_missing="remove")
    async with engine(loaded, clock):
        assert (tmpfs / "db.env").exists()
    delete()

    async with engine(loaded, clock) as running:
        assert not (tmpfs / "db.env").exists()
        await clock.advance(300)
        assert running.log.count("file removed: its secret is gone") == 1

        app.put("db", password="two")
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == "two"


async def test_an_outage_removes_nothing(load, proxy, clock, tmpfs):
    """Only Vault's own word that there is nothing counts."""
    async with engine(load(on_missing="remove"), clock):
        for status in (503, 500, 403, 404):
            proxy.only, proxy.script = "/secret/", [page(status) for _ in range(3)]
            await clock.advance(70)
            assert (tmpfs / "db.env").read_text() == "one"


async def test_if_configured_a_file_is_kept_and_makes_it_unready(load, app, clock, tmpfs, delete):
    async with engine(load(on_missing="fail"), clock) as running:
        delete()
        await clock.advance(67)
        assert (tmpfs / "db.env").read_text() == "one"
        assert running.assembly.watch.gone() == ["db"]

        app.put("db", password="two")
        await clock.advance(67)
        assert running.assembly.watch.gone() == []
        assert (tmpfs / "db.env").read_text() == "two"


async def test_an_optional_secret_that_disappears_is_none_again(load, clock, tmpfs, delete):
    async with engine(load(optional=True), clock) as running:
        delete()
        await clock.advance(67)

        assert (tmpfs / "db.env").read_text() == "none"
        assert running.log.count('"notified"') == 2
        assert running.assembly.health.settled


def page(status):
    """What a gateway says that has lost its backend."""
    return web.Response(status=status, text="<html>", content_type="text/html")
