"""What is put there for a login is used at once; what is renewed in place, at the next login."""

import os

import pytest
from hvac.exceptions import InvalidRequest

from injector.runtime.files import FileWatch
from injector.runtime.services import alongside


@pytest.fixture
def load(lab):
    def load(*, exit_on_err=False, **options):
        lab.put("db", password="one")
        entry = {"contents": "{{ db.password }}", "destination": str(lab.tmpfs / "db.env")}
        config = lab.config(secrets={"db": {"path": lab.path("db")}}, template=[entry])
        config["auto_auth"]["method"]["exit_on_err"] = exit_on_err
        config["auto_auth"]["method"]["config"].update(options)
        return lab.load(config)

    return load


async def delivered(lab, running):
    """Tell the engine, as its file watch does, that there is something new."""
    running.assembly.auth.material_changed(frozenset({str(lab.app.secret_id)}))
    await lab.clock.settled()


@pytest.mark.timeout(20)
async def test_a_pipe_in_place_of_a_secret_id_does_not_block(load, lab):
    secret_id = lab.app.secret_id.read_text()
    lab.app.secret_id.unlink()
    os.mkfifo(lab.app.secret_id)
    async with lab.start(load()) as running:
        assert f"{lab.app.secret_id}: it is not a regular file" in running.log
        writer = os.open(lab.app.secret_id, os.O_RDWR)  # who could write, and does not
        await lab.clock.advance(30)
        os.close(writer)
        lab.app.secret_id.unlink()
        lab.app.secret_id.write_text(secret_id)
        await lab.clock.advance(30)

        assert "logged in" in running.log


async def test_a_new_secret_id_is_used_while_the_old_token_is_valid(load, lab):
    async with lab.start(load(remove_secret_id_file_after_reading=True)) as running:
        old = running.token
        watching = FileWatch(running.assembly, running.state, reload=lambda: None)

        async def deliver():
            lab.app.new_secret_id()
            await running.log_has('"revoked"')
            await lab.clock.settled()

        await alongside([watching], deliver())
        assert not running.token.is_same(old)
        assert not await running.assembly.vault.is_valid(old)
        assert not lab.app.secret_id.exists()
        assert lab.proxy.count("/login") == 2


async def test_what_fixes_a_failed_login_is_used_at_once_whichever_file_it_is(load, lab):
    """A role id is not put there for one login; the wait after a failure is cut all the same."""
    right = lab.app.role_id.read_text()
    lab.app.role_id.write_text("wrong")
    async with lab.start(load()) as running:
        await lab.clock.advance(60)
        assert not (lab.tmpfs / "db.env").exists()

        lab.app.role_id.write_text(right)
        running.assembly.auth.material_changed(frozenset({str(lab.app.role_id)}))
        await lab.clock.settled()
        assert lab.read("db.env") == "one"


@pytest.mark.parametrize("removed", [True, False])
async def test_neither_our_own_removal_nor_the_same_content_is_new(load, lab, removed):
    async with lab.start(load(remove_secret_id_file_after_reading=removed)) as running:
        if not removed:
            lab.app.secret_id.write_text(lab.app.secret_id.read_text())
        await delivered(lab, running)

        assert lab.proxy.count("/login") == 1


async def test_a_rejected_new_secret_id_leaves_the_old_token_and_does_not_cause_an_exit(load, lab):
    async with lab.start(load(exit_on_err=True)) as running:
        old = running.token
        lab.app.secret_id.write_text("wrong")
        await delivered(lab, running)
        await lab.clock.advance(600)

        assert running.token.is_same(old)
        assert lab.proxy.count("/login") == 2
        assert '"no new token, keeping the old one"' in running.log
        assert running.assembly.health.settled


async def test_a_new_secret_id_is_tried_until_vault_accepts_or_rejects_it(load, lab):
    async with lab.start(load()) as running:
        old = running.token
        lab.proxy.only, lab.proxy.script = "/login", [500, 429]
        lab.app.new_secret_id()
        await delivered(lab, running)
        await lab.clock.advance(41)

        assert lab.proxy.count("/login") == 4
        assert not running.token.is_same(old)


async def test_a_wrong_secret_id_locks_nobody_else_out(load, lab):
    """After five of them Vault refuses the role's good secret ids, too: for 15 minutes."""
    right = lab.app.secret_id.read_text()
    lab.app.secret_id.write_text("wrong")
    async with lab.start(load()) as running:
        await lab.clock.advance(15 * 60)

        assert lab.proxy.count("/login") == 3
        said = "would lock the role out for everybody: the next attempt is in 16 min"
        assert running.log.count(said) == 1
        lab.admin.auth.approle.login(lab.app.role_id.read_text(), right, use_token=False)

        await lab.clock.advance(2 * 60)
        assert lab.proxy.count("/login") == 4
        await lab.clock.advance(15 * 60)
        assert lab.proxy.count("/login") == 4

        lab.app.secret_id.write_text(right)
        await delivered(lab, running)
        assert running.assembly.health.settled


async def test_a_locked_out_role_is_retried_and_the_error_says_where_to_look(load, lab):
    for _ in range(5):
        with pytest.raises(InvalidRequest):
            lab.admin.auth.approle.login(lab.app.role_id.read_text(), "wrong", use_token=False)
    async with lab.start(load()) as running:
        await lab.clock.advance(60)

        assert lab.proxy.count("/login") > 3
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
    load, lab, wrapped, spoil, says
):
    (lab.tmpfs / "db.env").write_text("of an earlier run")
    made_at = f"auth/approle/role/{lab.name}/secret-id"
    loaded = load(secret_id_response_wrapping_path=made_at)
    spoil(lab.app, wrapped)

    async with lab.start(loaded) as running:
        assert "SECURITY" in running.log
        assert says in running.log
        assert running.state.metrics.unwrap_failed.values[()] == 1
        assert lab.proxy.count("/login") == 0
        assert lab.read("db.env") == "of an earlier run"

        wrapped()
        await delivered(lab, running)
        assert lab.read("db.env") == "one"


async def test_a_lost_answer_to_our_own_unwrapping_is_not_a_security_event(load, lab, wrapped):
    """What is lost is lost, but nobody has to look for a thief."""
    wrapped()
    made_at = f"auth/approle/role/{lab.name}/secret-id"
    loaded = load(secret_id_response_wrapping_path=made_at)
    lab.proxy.only = "wrapping/unwrap"

    async def lose(request):
        await lab.proxy._forward(request)
        return lab.proxy._scripted("reset", request)

    lab.proxy.answer = lose
    async with lab.start(loaded) as running:
        await lab.clock.advance(5)
        assert "SECURITY" not in running.log
        assert "was lost, and the secret id with it: put a new one there" in running.log

        lab.proxy.answer = None
        wrapped()
        await delivered(lab, running)
        assert lab.read("db.env") == "one"


async def test_a_secret_id_that_arrives_during_the_login_is_not_removed(load, lab):
    loaded = load(remove_secret_id_file_after_reading=True)
    lab.proxy.only = "/login"
    lab.proxy.meanwhile = lambda request: "/login" in request.path and lab.app.new_secret_id()

    async with lab.start(loaded):
        assert lab.app.secret_id.exists()
