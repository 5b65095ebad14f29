"""What is put there for a login is used at once; what is renewed in place, at the next login."""

import os

import pytest
from hvac.exceptions import InvalidRequest

from injector.runtime.files import FileWatch
from injector.runtime.services import alongside
from tests.support.engine import configuration, engine, load_from


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


@pytest.mark.timeout(20)
async def test_a_pipe_in_place_of_a_secret_id_does_not_block(load, app, proxy, clock):
    secret_id = app.secret_id.read_text()
    app.secret_id.unlink()
    os.mkfifo(app.secret_id)
    async with engine(load(), clock) as running:
        assert f"{app.secret_id}: it is not a regular file" in running.log
        writer = os.open(app.secret_id, os.O_RDWR)  # who could write, and does not
        await clock.advance(30)
        os.close(writer)
        app.secret_id.unlink()
        app.secret_id.write_text(secret_id)
        await clock.advance(30)

        assert "logged in" in running.log


async def test_a_new_secret_id_is_used_while_the_old_token_is_valid(load, app, proxy, clock):
    async with engine(load(remove_secret_id_file_after_reading=True), clock) as running:
        old = running.token
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def deliver():
            app.new_secret_id()
            await running.log_has('"revoked"')
            await clock.settled()

        await alongside([watching], deliver())
        assert not running.token.is_same(old)
        assert not await running.assembly.vault.is_valid(old)
        assert not app.secret_id.exists()
        assert proxy.count("/login") == 2


async def test_what_fixes_a_failed_login_is_used_at_once_whichever_file_it_is(
    load, app, clock, tmpfs
):
    """A role id is not put there for one login; the wait after a failure is cut all the same."""
    right = app.role_id.read_text()
    app.role_id.write_text("wrong")
    async with engine(load(), clock) as running:
        await clock.advance(60)
        assert not (tmpfs / "db.env").exists()

        app.role_id.write_text(right)
        running.assembly.auth.material_changed(frozenset({str(app.role_id)}))
        await clock.settled()
        assert (tmpfs / "db.env").read_text() == "one"


@pytest.mark.parametrize("removed", [True, False])
async def test_neither_our_own_removal_nor_the_same_content_is_new(
    load, app, proxy, clock, removed
):
    async with engine(load(remove_secret_id_file_after_reading=removed), clock) as running:
        if not removed:
            app.secret_id.write_text(app.secret_id.read_text())
        await delivered(clock, running, app)

        assert proxy.count("/login") == 1


async def test_a_rejected_new_secret_id_leaves_the_old_token_and_does_not_cause_an_exit(
    load, app, proxy, clock
):
    async with engine(load(exit_on_err=True), clock) as running:
        old = running.token
        app.secret_id.write_text("wrong")
        await delivered(clock, running, app)
        await clock.advance(600)

        assert running.token.is_same(old)
        assert proxy.count("/login") == 2
        assert '"no new token, keeping the old one"' in running.log
        assert running.assembly.health.settled


async def test_a_new_secret_id_is_tried_until_vault_accepts_or_rejects_it(load, app, proxy, clock):
    async with engine(load(), clock) as running:
        old = running.token
        proxy.only, proxy.script = "/login", [500, 429]
        app.new_secret_id()
        await delivered(clock, running, app)
        await clock.advance(41)

        assert proxy.count("/login") == 4
        assert not running.token.is_same(old)


async def test_a_wrong_secret_id_locks_nobody_else_out(load, app, proxy, clock):
    """After five of them Vault refuses the role's good secret ids, too: for 15 minutes."""
    right = app.secret_id.read_text()
    app.secret_id.write_text("wrong")
    async with engine(load(), clock) as running:
        await clock.advance(15 * 60)

        assert proxy.count("/login") == 3
        said = "would lock the role out for everybody: the next attempt is in 16 min"
        assert running.log.count(said) == 1
        app.admin.auth.approle.login(app.role_id.read_text(), right, use_token=False)

        await clock.advance(2 * 60)
        assert proxy.count("/login") == 4
        await clock.advance(15 * 60)
        assert proxy.count("/login") == 4

        app.secret_id.write_text(right)
        await delivered(clock, running, app)
        assert running.assembly.health.settled


async def test_a_locked_out_role_is_retried_and_the_error_says_where_to_look(
    load, app, proxy, clock
):
    for _ in range(5):
        with pytest.raises(InvalidRequest):
            app.admin.auth.approle.login(app.role_id.read_text(), "wrong", use_token=False)
    async with engine(load(), clock) as running:
        await clock.advance(60)

        assert proxy.count("/login") > 3
        assert "look at `vault read sys/locked-users`" in running.log


# --- response-wrapped secret ids


@pytest.fixture
def wrapped(app):
    """Put a new wrapped secret id where the login looks for it."""

    def wrapped():
        answer = app.admin.auth.approle.generate_secret_id(app.name, wrap_ttl="60s")
        app.secret_id.write_text(answer["wrap_info"]["token"])
        return answer["wrap_info"]["token"]

    return wrapped


def opened(app, wrapped):
    app.admin.sys.unwrap(wrapped())


def expired(app, wrapped):
    app.admin.auth.token.revoke(wrapped())


def made_elsewhere(app, _wrapped):
    made = app.admin.write_data("sys/wrapping/wrap", data={"secret_id": "x"}, wrap_ttl="5m")
    app.secret_id.write_text(made["wrap_info"]["token"])


def plain(app, _wrapped):
    app.new_secret_id()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (opened, "somebody else has opened it"),
        (expired, "it expired"),
        (made_elsewhere, "was made at 'sys/wrapping/wrap'"),
        (plain, "it is a plain secret id"),
    ],
)
async def test_an_unusable_wrapped_secret_id_says_why_and_a_new_one_is_used_at_once(
    load, app, proxy, clock, tmpfs, wrapped, spoil, says
):
    (tmpfs / "db.env").write_text("of an earlier run")
    made_at = f"auth/approle/role/{app.name}/secret-id"
    loaded = load(secret_id_response_wrapping_path=made_at)
    spoil(app, wrapped)

    async with engine(loaded, clock) as running:
        assert "SECURITY" in running.log
        assert says in running.log
        assert running.state.metrics.unwrap_failed.values[()] == 1
        assert proxy.count("/login") == 0
        assert (tmpfs / "db.env").read_text() == "of an earlier run"

        wrapped()
        await delivered(clock, running, app)
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_lost_answer_to_our_own_unwrapping_is_not_a_security_event(
    load, app, proxy, clock, tmpfs, wrapped
):
    """What is lost is lost, but nobody has to look for a thief."""
    wrapped()
    made_at = f"auth/approle/role/{app.name}/secret-id"
    loaded = load(secret_id_response_wrapping_path=made_at)
    proxy.only = "wrapping/unwrap"

    async def lose(request):
        await proxy._forward(request)
        return proxy._scripted("reset", request)

    proxy.answer = lose
    async with engine(loaded, clock) as running:
        await clock.advance(5)
        assert "SECURITY" not in running.log
        assert "was lost, and the secret id with it: put a new one there" in running.log

        proxy.answer = None
        wrapped()
        await delivered(clock, running, app)
        assert (tmpfs / "db.env").read_text() == "one"


async def test_a_secret_id_that_arrives_during_the_login_is_not_removed(load, app, proxy, clock):
    loaded = load(remove_secret_id_file_after_reading=True)
    proxy.only = "/login"
    proxy.meanwhile = lambda request: "/login" in request.path and app.new_secret_id()

    async with engine(loaded, clock):
        assert app.secret_id.exists()
