"""What is put there for a login is used at once; what is renewed in place, at the next login."""

import pytest

from injector.agent.files import FileWatch
from injector.agent.services import alongside
from tests.engine import configuration, engine, load_from


@pytest.fixture
def load(app, proxy, tmpfs, tmp_path):
    def load(*, exit_on_err=False, **options):
        app.put("db", password="one")
        entry = {"contents": "{{ db.password }}", "destination": str(tmpfs / "db.env")}
        config = configuration(
            app, proxy.address, secrets={"db": {"path": app.path("db")}}, template=[entry]
        )
        config["auto_auth"]["method"]["exit_on_err"] = exit_on_err
        config["auto_auth"]["method"]["config"].update(options)
        return load_from(tmp_path, config)

    return load


async def delivered(clock, running, app):
    """Tell the engine, as its file watch does, that there is something new."""
    running.assembly.auth.material_changed(frozenset({str(app.secret_id)}))
    await clock.settled()


async def test_a_new_secret_id_is_used_while_the_old_token_is_valid(load, app, proxy, clock):
    async with engine(load(remove_secret_id_file_after_reading=True), clock) as running:
        old = running.token
        watching = FileWatch(running.assembly, reload=lambda: None, log=running.kept.log)

        async def deliver():
            app.new_secret_id()
            await running.log_has('"revoked"')
            await clock.settled()

        await alongside([watching], deliver())
        assert not running.token.is_same(old)
        assert not await running.assembly.vault.is_valid(old)
        assert not app.secret_id.exists()
        assert proxy.count("/login") == 2


@pytest.mark.parametrize("removed", [True, False])
async def test_neither_our_own_removal_nor_the_same_content_is_new(
    load, app, proxy, clock, removed
):
    async with engine(load(remove_secret_id_file_after_reading=removed), clock) as running:
        if not removed:
            app.secret_id.write_text(app.secret_id.read_text())
        await delivered(clock, running, app)

        assert proxy.count("/login") == 1


async def test_a_new_secret_id_that_is_refused_leaves_the_old_token_and_is_no_reason_to_exit(
    load, app, proxy, clock
):
    async with engine(load(exit_on_err=True), clock) as running:
        old = running.token
        app.secret_id.write_text("wrong")
        await delivered(clock, running, app)
        await clock.advance(600)

        assert running.token.is_same(old)
        assert proxy.count("/login") == 2
        assert '"no new token, the old one stays"' in running.log
        assert running.assembly.health.settled


async def test_a_new_secret_id_is_tried_until_somebody_decides(load, app, proxy, clock):
    async with engine(load(), clock) as running:
        old = running.token
        proxy.only, proxy.script = "/login", [500, 429]
        app.new_secret_id()
        await delivered(clock, running, app)
        await clock.advance(41)

        assert proxy.count("/login") == 4
        assert not running.token.is_same(old)
