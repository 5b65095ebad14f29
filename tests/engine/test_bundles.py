"""Files that change together, in the whole engine: one snapshot, one check, one swap, one word."""

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from tests.support.fakes import LIMIT
from tests.support.processes import result

CANARY = "canary-5e1d-value"


def told(tmpfs) -> int:
    """Count how often the application was told."""
    journal = tmpfs / "told"
    return len(journal.read_text()) if journal.exists() else 0


def one_bundle(lab, *, secrets=None, members=None, **bundle):
    """Two members from two secrets; whoever is told appends a letter to a file."""
    members = members or [
        {"destination": "user", "contents": "{{ a.value }}"},
        {"destination": "conf/password", "contents": "{{ b.value }}", "perms": "0400"},
    ]
    entry = {"name": "login", "directory": str(lab.tmpfs / "login"), "template": members, **bundle}
    hook = [sys.executable, "-c", f"open({str(lab.tmpfs / 'told')!r}, 'a').write('x')"]
    return lab.config(
        secrets=secrets or {name: {"path": lab.path(name)} for name in "ab"},
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


async def test_all_members_come_from_one_snapshot_and_the_application_is_notified_once(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")

    async with lab.start(one_bundle(lab)) as running:
        assert lab.read("login/user") == "alice"
        assert lab.read("login/conf/password") == "one"
        assert (lab.tmpfs / "login/conf/password").stat().st_mode & 0o777 == 0o400
        assert running.assembly.health.settled
        assert told(lab.tmpfs) == 1

        lab.put("a", value="bob")
        lab.put("b", value="two")
        await lab.clock.advance(120)

        assert lab.read("login/user") == "bob"
        assert lab.read("login/conf/password") == "two"
        assert told(lab.tmpfs) == 2
        assert running.log.count('"event": "bundle written", "path": "login"') <= 3


async def test_a_bundle_is_not_made_before_every_member_can_be(lab):
    lab.put("a", value="alice")

    async with lab.start(one_bundle(lab)) as running:
        assert not (lab.tmpfs / "login").exists()
        [reason] = running.assembly.readiness.lacking()
        assert reason.startswith(f"bundle login is not in place yet: read {lab.path('b')}: ")

        lab.put("b", value="one")
        await lab.clock.advance(61)

        assert lab.read("login/user") == "alice"
        assert running.assembly.delivery.unsettled() == []


async def test_an_unchanged_bundle_is_not_touched_by_a_refresh_or_another_run(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    config = one_bundle(lab)

    async with lab.start(config):
        before = generation(lab.tmpfs)
        await lab.clock.advance(200)
        assert generation(lab.tmpfs) == before
    async with lab.start(config):
        assert generation(lab.tmpfs) == before
        assert told(lab.tmpfs) == 1


async def test_a_bundle_with_a_wait_is_swapped_after_a_quiet_time(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")

    async with lab.start(one_bundle(lab, wait={"min": "5s", "max": "20s"})):
        lab.put("a", value="bob")
        await lab.clock.advance(63)
        assert lab.read("login/user") == "alice"
        await lab.clock.advance(5)
        assert lab.read("login/user") == "bob"


async def test_an_old_generation_stays_a_minute_at_least_and_two_at_most(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")

    async with lab.start(one_bundle(lab)):
        first = generation(lab.tmpfs)
        lab.put("a", value="bob")
        await lab.clock.advance(60)
        assert generation(lab.tmpfs) != first

        await lab.clock.advance(60)
        assert first in generations(lab.tmpfs)
        await lab.clock.advance(61)
        assert generations(lab.tmpfs) == [generation(lab.tmpfs)]


async def test_an_old_generation_is_removed_after_a_reload_too(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    config = one_bundle(lab)

    async with lab.start(config) as running:
        lab.put("a", value="bob")
        await lab.clock.advance(62)
        assert len(generations(lab.tmpfs)) == 2
        state = running.state
    async with lab.start(config, state=state):
        await lab.clock.advance(121)

        assert generations(lab.tmpfs) == [generation(lab.tmpfs)]


async def test_once_beside_a_daemon_removes_no_generation_that_the_daemon_keeps(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    loaded = lab.load(one_bundle(lab))

    async with lab.start(loaded):
        first = generation(lab.tmpfs)
        lab.put("a", value="bob")
        await lab.clock.advance(62)

        ended = await asyncio.to_thread(result, "once", "-c", loaded.loaded.path)
        assert ended.returncode == 0, ended.stderr
        assert first in generations(lab.tmpfs)


async def test_a_shutdown_leaves_only_the_current_generation(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")

    async with lab.start(one_bundle(lab)) as running:
        lab.put("a", value="bob")
        await lab.clock.advance(70)
        assert len(generations(lab.tmpfs)) == 2
        await running.assembly.release()

    assert generations(lab.tmpfs) == [generation(lab.tmpfs)]
    assert lab.read("login/user") == "bob"


async def test_a_bundle_that_somebody_changed_is_restored_at_the_next_refresh(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")

    async with lab.start(one_bundle(lab)) as running:
        (lab.tmpfs / "login/user").write_text("mallory")
        await lab.clock.advance(70)

        assert lab.read("login/user") == "alice"
        assert running.log.count("bundle changed or removed by somebody else") == 1
        await lab.clock.advance(30)
        assert told(lab.tmpfs) == 2


# --- checks


async def test_content_that_fails_its_check_is_never_seen_and_causes_no_requests(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    check = {"command": checking(lab.tmpfs, "u != 'canary-5e1d-value'")}

    async with lab.start(one_bundle(lab, check=check)) as running:
        before = generation(lab.tmpfs)
        lab.put("a", value=CANARY)
        await lab.clock.advance(61)
        asked = lab.proxy.count(lab.name)
        await lab.clock.advance(20)

        assert generation(lab.tmpfs) == before
        assert generations(lab.tmpfs) == [before]
        assert lab.proxy.count(lab.name) == asked
        assert told(lab.tmpfs) == 1
        [failing] = running.assembly.health.failures()
        assert str(failing.error).startswith(f"check of bundle login: `{sys.executable} -c")
        assert failing.error is not None
        assert failing.error.exit_code == 8
        assert CANARY not in running.log
        assert CANARY not in str(failing.error)

        lab.put("a", value="bob")
        await lab.clock.advance(80)
        assert lab.read("login/user") == "bob"
        assert running.assembly.health.settled
        assert told(lab.tmpfs) == 2


async def test_a_check_that_failed_for_another_reason_is_retried(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    check = {"command": ["test", "-e", str(lab.tmpfs / "ready")]}

    async with lab.start(one_bundle(lab, check=check)) as running:
        [reason] = running.assembly.readiness.lacking()
        assert reason.startswith("bundle login is not in place yet: check of bundle login: ")
        assert generations(lab.tmpfs) == []

        (lab.tmpfs / "ready").touch()
        await lab.clock.advance(25)

        assert lab.read("login/user") == "alice"


async def test_a_check_that_hangs_delays_nothing_else_and_is_killed(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    check = {"command": ["sh", "-c", f"touch {lab.tmpfs}/checking; sleep 60"], "timeout": "5s"}
    config = one_bundle(lab, check=check)
    config["template"] = [{"contents": "{{ a.value }}", "destination": str(lab.tmpfs / "other")}]

    async with lab.start(config, settle=False) as running:
        await running.log_has("file written")
        await appears(lab.tmpfs / "checking")
        assert lab.read("other") == "alice"
        await lab.clock.advance(5, settle=False)
        await running.log_has("did not end within 5 s and was killed")
        assert generations(lab.tmpfs) == []


async def test_files_left_by_a_check_are_not_published_and_are_no_change(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    leave = "cd $0 && mkdir cache && cp user cache && cp user conf/copy && ln -s conf link"
    check = {"command": ["sh", "-c", leave, "{staged}"]}

    async with lab.start(one_bundle(lab, check=check)):
        shown = lab.tmpfs / "login" / generation(lab.tmpfs)
        found = {str(path.relative_to(shown)) for path in shown.rglob("*")}
        assert found == {"user", "conf", "conf/password"}

        await lab.clock.advance(200)
        assert shown.name == generation(lab.tmpfs)
        assert told(lab.tmpfs) == 1


async def test_a_failed_check_leaves_no_files(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    leave = "cd $0 && mkdir cache && cp user cache && ln -s conf link; exit 1"
    check = {"command": ["sh", "-c", leave, "{staged}"]}

    async with lab.start(one_bundle(lab, check=check)):
        assert generations(lab.tmpfs) == []


async def test_a_stopped_injector_leaves_nothing_of_what_it_was_checking(lab):
    lab.put("a", value="alice")
    lab.put("b", value="one")
    marker = lab.tmpfs / "checking"
    check = {"command": ["sh", "-c", f"touch {marker}; sleep 60"]}

    async with lab.start(one_bundle(lab, check=check), settle=False):
        await appears(marker)
        assert len(generations(lab.tmpfs)) == 1

    assert generations(lab.tmpfs) == []


async def test_a_single_file_is_checked_before_it_is_replaced(lab):
    lab.put("a", port="80")
    path = lab.tmpfs / "app.json"
    config = lab.config(
        secrets={"a": {"path": lab.path("a")}},
        template=[
            {
                "contents": '{"port": {{ a.port }}}',
                "destination": str(path),
                "check": {"command": [sys.executable, "-m", "json.tool", "{staged}"]},
            }
        ],
    )

    async with lab.start(config) as running:
        assert json.loads(path.read_text()) == {"port": 80}
        lab.put("a", port="eighty")
        await lab.clock.advance(66)

        assert json.loads(path.read_text()) == {"port": 80}
        assert os.listdir(lab.tmpfs) == ["app.json"]
        assert "check of" in running.log


@pytest.mark.parametrize("place", ["file", "member"])
async def test_content_that_its_reader_could_not_parse_is_not_written(lab, place):
    lab.put("a", port="80")
    entry = {"contents": '{"port": {{ a.port }}}', "check": {"format": "json"}}
    blocks: dict[str, Any]
    if place == "file":
        path = lab.tmpfs / "app.json"
        blocks = {"template": [{**entry, "destination": str(path)}]}
    else:
        path = lab.tmpfs / "app/app.json"
        members = [{**entry, "destination": "app.json"}]
        blocks = {
            "bundle": [{"name": "a", "directory": str(lab.tmpfs / "app"), "template": members}]
        }
    config = lab.config(secrets={"a": {"path": lab.path("a")}}, **blocks)

    async with lab.start(config) as running:
        lab.put("a", port=CANARY)
        await lab.clock.advance(66)

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
async def test_a_secret_that_violates_its_contract_is_not_used(lab, values, exit_code, reason):
    lab.put("a", user="u", password="p", port=5432)
    contract = {"keys": {"user": "any", "password": "string", "port": "number"}}
    config = lab.config(
        secrets={"a": {"path": lab.path("a"), "contract": contract}},
        template=[{"contents": "{{ a.user }}", "destination": str(lab.tmpfs / "user")}],
    )

    async with lab.start(config) as running:
        assert lab.read("user") == "u"
        lab.put("a", **values)
        await lab.clock.advance(66)

        [failing] = running.assembly.health.failures()
        assert failing.error is not None
        assert failing.error.exit_code == exit_code
        assert f"secret a breaks its contract: {reason}" in str(failing.error)
        assert lab.read("user") == "u"
        assert CANARY not in running.log
