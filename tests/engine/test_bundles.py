"""Files that change together, in the whole engine: one snapshot, one check, one swap, one word."""

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from tests.support.engine import configuration, engine, load_from
from tests.support.fakes import LIMIT
from tests.support.processes import result

CANARY = "canary-5e1d-value"


def told(tmpfs) -> int:
    """Count how often the application was told."""
    journal = tmpfs / "told"
    return len(journal.read_text()) if journal.exists() else 0


def one_bundle(app, proxy, tmpfs, *, secrets=None, members=None, **bundle):
    """Two members from two secrets; whoever is told appends a letter to a file."""
    members = members or [
        {"destination": "user", "contents": "{{ a.value }}"},
        {"destination": "conf/password", "contents": "{{ b.value }}", "perms": "0400"},
    ]
    entry = {"name": "login", "directory": str(tmpfs / "login"), "template": members, **bundle}
    hook = [sys.executable, "-c", f"open({str(tmpfs / 'told')!r}, 'a').write('x')"]
    return configuration(
        app,
        proxy.address,
        secrets=secrets or {name: {"path": app.path(name)} for name in "ab"},
        bundle=[{"notify": ["app"], **entry}],
        notify={"app": {"command": hook}},
    )


async def appears(path):
    async with asyncio.timeout(LIMIT):
        while not path.exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0)


def generation(tmpfs) -> str:
    return os.readlink(tmpfs / "login" / "..data")


def generations(tmpfs) -> list[str]:
    return [name for name in os.listdir(tmpfs / "login") if name.startswith("..vault-injector.")]


def checking(tmpfs, condition: str) -> list[str]:
    """A command that fails unless the condition on the text of the staged member `user` holds."""
    code = f"import sys; u = open(sys.argv[1] + '/user').read(); sys.exit(0 if {condition} else u)"
    return [sys.executable, "-c", code, "{staged}"]


async def test_all_members_come_from_one_snapshot_and_the_application_is_notified_once(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        assert (tmpfs / "login/user").read_text() == "alice"
        assert (tmpfs / "login/conf/password").read_text() == "one"
        assert (tmpfs / "login/conf/password").stat().st_mode & 0o777 == 0o400
        assert running.assembly.health.settled
        assert told(tmpfs) == 1

        app.put("a", value="bob")
        app.put("b", value="two")
        await clock.advance(120)

        assert (tmpfs / "login/user").read_text() == "bob"
        assert (tmpfs / "login/conf/password").read_text() == "two"
        assert told(tmpfs) == 2
        assert running.log.count('"event": "bundle written", "path": "login"') <= 3


async def test_a_bundle_is_not_made_before_every_member_can_be(app, proxy, clock, tmpfs, tmp_path):
    app.put("a", value="alice")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        assert not (tmpfs / "login").exists()
        [reason] = running.assembly.readiness.lacking()
        assert reason.startswith(f"bundle login is not in place yet: read {app.path('b')}: ")

        app.put("b", value="one")
        await clock.advance(61)

        assert (tmpfs / "login/user").read_text() == "alice"
        assert running.assembly.delivery.unsettled() == []


async def test_an_unchanged_bundle_is_not_touched_by_a_refresh_or_another_run(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock):
        before = generation(tmpfs)
        await clock.advance(200)
        assert generation(tmpfs) == before
    async with engine(loaded, clock):
        assert generation(tmpfs) == before
        assert told(tmpfs) == 1


async def test_a_bundle_with_a_wait_is_swapped_after_a_quiet_time(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, wait={"min": "5s", "max": "20s"}))

    async with engine(loaded, clock):
        app.put("a", value="bob")
        await clock.advance(63)
        assert (tmpfs / "login/user").read_text() == "alice"
        await clock.advance(5)
        assert (tmpfs / "login/user").read_text() == "bob"


async def test_an_old_generation_stays_a_minute_at_least_and_two_at_most(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock):
        first = generation(tmpfs)
        app.put("a", value="bob")
        await clock.advance(60)
        assert generation(tmpfs) != first

        await clock.advance(60)
        assert first in generations(tmpfs)
        await clock.advance(61)
        assert generations(tmpfs) == [generation(tmpfs)]


async def test_an_old_generation_is_removed_after_a_reload_too(app, proxy, clock, tmpfs, tmp_path):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        app.put("a", value="bob")
        await clock.advance(62)
        assert len(generations(tmpfs)) == 2
        state = running.state
    async with engine(loaded, clock, state=state):
        await clock.advance(121)

        assert generations(tmpfs) == [generation(tmpfs)]


async def test_once_beside_a_daemon_removes_no_generation_that_the_daemon_keeps(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock):
        first = generation(tmpfs)
        app.put("a", value="bob")
        await clock.advance(62)

        ended = await asyncio.to_thread(result, "once", "-c", loaded.loaded.path)
        assert ended.returncode == 0, ended.stderr
        assert first in generations(tmpfs)


async def test_a_shutdown_leaves_only_the_current_generation(app, proxy, clock, tmpfs, tmp_path):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        app.put("a", value="bob")
        await clock.advance(70)
        assert len(generations(tmpfs)) == 2
        await running.assembly.release()

    assert generations(tmpfs) == [generation(tmpfs)]
    assert (tmpfs / "login/user").read_text() == "bob"


async def test_a_bundle_that_somebody_changed_is_restored_at_the_next_refresh(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs))

    async with engine(loaded, clock) as running:
        (tmpfs / "login/user").write_text("mallory")
        await clock.advance(70)

        assert (tmpfs / "login/user").read_text() == "alice"
        assert running.log.count("bundle changed or removed by somebody else") == 1
        await clock.advance(30)
        assert told(tmpfs) == 2


# --- checks


async def test_content_that_fails_its_check_is_never_seen_and_causes_no_requests(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    check = {"command": checking(tmpfs, "u != 'canary-5e1d-value'")}
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, check=check))

    async with engine(loaded, clock) as running:
        before = generation(tmpfs)
        app.put("a", value=CANARY)
        await clock.advance(61)
        asked = proxy.count(app.name)
        await clock.advance(20)

        assert generation(tmpfs) == before
        assert generations(tmpfs) == [before]
        assert proxy.count(app.name) == asked
        assert told(tmpfs) == 1
        [failing] = running.assembly.health.failures()
        assert str(failing.error).startswith(f"check of bundle login: `{sys.executable} -c")
        assert failing.error is not None
        assert failing.error.exit_code == 8
        assert CANARY not in running.log
        assert CANARY not in str(failing.error)

        app.put("a", value="bob")
        await clock.advance(80)
        assert (tmpfs / "login/user").read_text() == "bob"
        assert running.assembly.health.settled
        assert told(tmpfs) == 2


async def test_a_check_that_failed_for_another_reason_is_retried(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    check = {"command": ["test", "-e", str(tmpfs / "ready")]}
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, check=check))

    async with engine(loaded, clock) as running:
        [reason] = running.assembly.readiness.lacking()
        assert reason.startswith("bundle login is not in place yet: check of bundle login: ")
        assert generations(tmpfs) == []

        (tmpfs / "ready").touch()
        await clock.advance(25)

        assert (tmpfs / "login/user").read_text() == "alice"


async def test_a_check_that_hangs_delays_nothing_else_and_is_killed(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    check = {"command": ["sh", "-c", f"touch {tmpfs}/checking; sleep 60"], "timeout": "5s"}
    config = one_bundle(app, proxy, tmpfs, check=check)
    config["template"] = [{"contents": "{{ a.value }}", "destination": str(tmpfs / "other")}]
    loaded = load_from(tmp_path, config)

    async with engine(loaded, clock, settle=False) as running:
        await running.log_has("file written")
        await appears(tmpfs / "checking")
        assert (tmpfs / "other").read_text() == "alice"
        await clock.advance(5, settle=False)
        await running.log_has("did not end within 5 s and was killed")
        assert generations(tmpfs) == []


async def test_files_left_by_a_check_are_not_published_and_are_no_change(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    leave = "cd $0 && mkdir cache && cp user cache && cp user conf/copy && ln -s conf link"
    check = {"command": ["sh", "-c", leave, "{staged}"]}
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, check=check))

    async with engine(loaded, clock):
        shown = tmpfs / "login" / generation(tmpfs)
        found = {str(path.relative_to(shown)) for path in shown.rglob("*")}
        assert found == {"user", "conf", "conf/password"}

        await clock.advance(200)
        assert shown.name == generation(tmpfs)
        assert told(tmpfs) == 1


async def test_a_failed_check_leaves_no_files(app, proxy, clock, tmpfs, tmp_path):
    app.put("a", value="alice")
    app.put("b", value="one")
    leave = "cd $0 && mkdir cache && cp user cache && ln -s conf link; exit 1"
    check = {"command": ["sh", "-c", leave, "{staged}"]}
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, check=check))

    async with engine(loaded, clock):
        assert generations(tmpfs) == []


async def test_a_stopped_injector_leaves_nothing_of_what_it_was_checking(
    app, proxy, clock, tmpfs, tmp_path
):
    app.put("a", value="alice")
    app.put("b", value="one")
    marker = tmpfs / "checking"
    check = {"command": ["sh", "-c", f"touch {marker}; sleep 60"]}
    loaded = load_from(tmp_path, one_bundle(app, proxy, tmpfs, check=check))

    async with engine(loaded, clock, settle=False):
        await appears(marker)
        assert len(generations(tmpfs)) == 1

    assert generations(tmpfs) == []


async def test_a_single_file_is_checked_before_it_is_replaced(app, proxy, clock, tmpfs, tmp_path):
    app.put("a", port="80")
    path = tmpfs / "app.json"
    config = configuration(
        app,
        proxy.address,
        secrets={"a": {"path": app.path("a")}},
        template=[
            {
                "contents": '{"port": {{ a.port }}}',
                "destination": str(path),
                "check": {"command": [sys.executable, "-m", "json.tool", "{staged}"]},
            }
        ],
    )

    async with engine(load_from(tmp_path, config), clock) as running:
        assert json.loads(path.read_text()) == {"port": 80}
        app.put("a", port="eighty")
        await clock.advance(66)

        assert json.loads(path.read_text()) == {"port": 80}
        assert os.listdir(tmpfs) == ["app.json"]
        assert "check of" in running.log


@pytest.mark.parametrize("place", ["file", "member"])
async def test_content_that_its_reader_could_not_parse_is_not_written(
    app, proxy, clock, tmpfs, tmp_path, place
):
    app.put("a", port="80")
    entry = {"contents": '{"port": {{ a.port }}}', "check": {"format": "json"}}
    blocks: dict[str, Any]
    if place == "file":
        path = tmpfs / "app.json"
        blocks = {"template": [{**entry, "destination": str(path)}]}
    else:
        path = tmpfs / "app/app.json"
        members = [{**entry, "destination": "app.json"}]
        blocks = {"bundle": [{"name": "a", "directory": str(tmpfs / "app"), "template": members}]}
    config = configuration(app, proxy.address, secrets={"a": {"path": app.path("a")}}, **blocks)

    async with engine(load_from(tmp_path, config), clock) as running:
        app.put("a", port=CANARY)
        await clock.advance(66)

        assert json.loads(path.read_text()) == {"port": 80}
        [failing] = running.assembly.health.failures()
        assert "app.json: is not valid json: line 1, column 10" in str(failing.error)
        assert failing.error is not None
        assert failing.error.exit_code == 6
        assert CANARY not in running.log


# --- contracts


@pytest.mark.parametrize(
    ("values", "exit_code", "reason"),
    [
        ({"user": "u"}, 5, "keys password, port are missing"),
        ({"user": "u", "password": CANARY, "port": "x"}, 6, "port is a string and not a number"),
        ({"user": "u", "password": ["x"], "port": 1}, 6, "password is a list and not a string"),
    ],
)
async def test_a_secret_that_violates_its_contract_is_not_used(
    app, proxy, clock, tmpfs, tmp_path, values, exit_code, reason
):
    app.put("a", user="u", password="p", port=5432)
    contract = {"keys": {"user": "any", "password": "string", "port": "number"}}
    config = configuration(
        app,
        proxy.address,
        secrets={"a": {"path": app.path("a"), "contract": contract}},
        template=[{"contents": "{{ a.user }}", "destination": str(tmpfs / "user")}],
    )

    async with engine(load_from(tmp_path, config), clock) as running:
        assert (tmpfs / "user").read_text() == "u"
        app.put("a", **values)
        await clock.advance(66)

        [failing] = running.assembly.health.failures()
        assert failing.error is not None
        assert failing.error.exit_code == exit_code
        assert f"secret a breaks its contract: {reason}" in str(failing.error)
        assert (tmpfs / "user").read_text() == "u"
        assert CANARY not in running.log
