"""What becomes of files when their secret is gone: `on_missing` and `optional`."""

import pytest
from aiohttp import web

from injector.base.errors import MissingError
from tests.support.engine import engine


@pytest.fixture
def load(lab):
    def load(**secret):
        lab.put("db", password="one")
        entry = {
            "contents": "{{ db.password if db else 'none' }}",
            "destination": str(lab.tmpfs / "db.env"),
            "notify": ["app"],
        }
        config = lab.config(
            secrets={"db": {"path": lab.path("db"), **secret}},
            template=[entry],
            notify={"app": {"command": ["true"]}},
        )
        return lab.load(config)

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


async def test_if_configured_a_file_is_removed_and_comes_back_with_the_secret(load, lab, delete):
    async with lab.start(load(on_missing="remove")) as running:
        delete()
        await lab.clock.advance(67)
        assert not (lab.tmpfs / "db.env").exists()
        assert "file removed: its secret is gone" in running.log
        [reason] = running.assembly.readiness.reasons()
        assert reason.startswith(f"{lab.tmpfs}/db.env is not in place yet: read {lab.path('db')}: ")

        lab.put("db", password="two")
        await lab.clock.advance(67)
        assert lab.read("db.env") == "two"
        assert running.log.count('"notified"') == 2
        assert running.assembly.health.settled
        [generation] = running.state.store.all()
        assert generation.number == 2


async def test_a_file_that_an_earlier_process_left_is_removed_as_well(load, lab, delete):
    loaded = load(on_missing="remove")
    async with lab.start(loaded):
        assert (lab.tmpfs / "db.env").exists()
    delete()

    async with lab.start(loaded) as running:
        assert not (lab.tmpfs / "db.env").exists()
        await lab.clock.advance(300)
        assert running.log.count("file removed: its secret is gone") == 1

        lab.put("db", password="two")
        await lab.clock.advance(67)
        assert lab.read("db.env") == "two"


async def test_an_outage_removes_nothing(load, lab):
    """Only Vault's own word that there is nothing counts."""
    async with lab.start(load(on_missing="remove")):
        for status in (503, 500, 403, 404):
            lab.proxy.only, lab.proxy.script = "/secret/", [page(status) for _ in range(3)]
            await lab.clock.advance(70)
            assert lab.read("db.env") == "one"


async def test_if_configured_a_file_is_kept_and_makes_it_unready(load, lab, delete):
    async with lab.start(load(on_missing="fail")) as running:
        delete()
        await lab.clock.advance(67)
        assert lab.read("db.env") == "one"
        assert running.assembly.watch.gone() == ["db"]

        lab.put("db", password="two")
        await lab.clock.advance(67)
        assert running.assembly.watch.gone() == []
        assert lab.read("db.env") == "two"


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
