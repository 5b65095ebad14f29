"""The journal: what became of each new value, through rotations of the file and full disks."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.cli.test_run import daemon
from tests.engine.test_rollback import CANARY, application
from tests.status.test_status import said
from tests.support.disk import mounted
from tests.support.engine import configuration, engine, load_from
from tests.support.processes import result, running, write_config


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def settings(app, proxy, tmpfs, path, **blocks):
    defaults = {
        "secrets": {"app": {"path": app.path("app")}},
        "template": [{"contents": "{{ app.value }}", "destination": str(tmpfs / "file")}],
        "journal": {"path": str(path)},
    }
    return configuration(app, proxy.address, **(defaults | blocks))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def outcomes(path):
    return [(line["generation"], line["outcome"]) for line in lines(path)]


async def test_a_line_says_what_was_rotated_when_and_with_what_result(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value=CANARY)

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path)), clock):
        app.put("app", value=f"{CANARY}-two")
        await clock.advance(61)

    assert outcomes(path) == [
        (1, "published"),
        (1, "delivered"),
        (2, "published"),
        (2, "delivered"),
    ]
    last = lines(path)[-1]
    assert re.fullmatch("[0-9a-f]{4}-2", last.pop("rotation"))
    assert last == {
        "time": "2023-11-14T22:31:00.000Z",
        "secret": "app",
        "kind": "static",
        "generation": 2,
        "version": "2",
        "outcome": "delivered",
        "seconds": 0.0,
        "error_class": None,
    }
    assert CANARY not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_delivery_is_recorded_when_the_application_has_accepted_it(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value="one")
    entry = {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]}
    blocks = {
        "template": [entry],
        "notify": {"app": {"command": ["true"], "wait": {"min": "2s", "max": "15s"}}},
    }

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock):
        app.put("app", value="two")
        await clock.advance(61)
        assert outcomes(path)[-1] == (2, "published")

        await clock.advance(2)
        assert outcomes(path)[-1] == (2, "delivered")
        assert lines(path)[-1]["seconds"] == 2.0


async def test_a_change_that_is_rolled_back_and_its_successor_are_distinguished(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value="good")
    entry = {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]}
    blocks = {
        "template": [entry],
        "notify": {"app": application(tmpfs, str(tmpfs / "file"))},
    }

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock):
        app.put("app", value=CANARY)
        await clock.advance(90)
        app.put("app", value="better")
        await clock.advance(90)

    assert outcomes(path)[2:] == [
        (2, "published"),
        (2, "rolled_back"),
        (2, "superseded"),
        (3, "published"),
        (3, "delivered"),
    ]
    assert lines(path)[3]["error_class"] == "hook"
    assert CANARY not in path.read_text()


async def test_the_same_failure_again_and_again_is_one_line(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value="one")
    entry = {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]}
    fails = {"command": ["false"], "wait": {"min": "1s", "max": "1s"}}
    blocks = {"template": [entry], "notify": {"app": fails}}
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks))

    async with engine(loaded, clock) as running:
        await clock.advance(300)

        assert running.log.count("notification failed") > 5
        assert outcomes(path) == [(1, "published"), (1, "failed")]


async def test_a_late_failure_of_an_older_value_says_nothing_of_the_newest(
    app, proxy, clock, tmpfs, tmp_path, path
):
    """The application cannot be notified of the second value; of the third no file can be made."""
    app.put("app", value="one")
    entry = {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["app"]}
    fails = {"command": ["false"], "wait": {"min": "1s", "max": "1s"}}
    blocks = {"template": [entry], "notify": {"app": fails}}

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock):
        app.put("app", other="x")
        await clock.advance(200)

    assert [(line["generation"], line["error_class"]) for line in lines(path)] == [
        (1, None),
        (1, "hook"),
        (1, None),  # superseded
        (2, None),
        (2, "missing"),
    ]


async def test_it_continues_in_a_new_file_after_a_rename_and_in_the_same_one_after_truncation(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value="one")

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path)), clock):
        path.rename(tmp_path / "journal.1")
        app.put("app", value="two")
        await clock.advance(61)
        assert outcomes(path) == [(2, "published"), (2, "delivered")]

        os.truncate(path, 0)  # logrotate's copytruncate
        path.chmod(0o640)
        app.put("app", value="three")
        await clock.advance(70)
        assert outcomes(path) == [(3, "published"), (3, "delivered")]
        assert path.stat().st_mode & 0o777 == 0o640


@pytest.fixture
def small(tmp_path):
    """A disk of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", folder):
        yield folder


async def test_a_full_disk_loses_no_line_and_affects_nothing_else(
    app, proxy, clock, tmpfs, tmp_path, small
):
    app.put("app", value="one")
    path, ballast = small / "journal.jsonl", small / "ballast"
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, path))

    async with engine(loaded, clock) as running:
        path.write_text("x" * 4000 + "\n")  # so that the next line needs a page that is not there
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        app.put("app", value="two")
        await clock.advance(61)
        assert (tmpfs / "file").read_text() == "two"
        assert path.read_text() == "x" * 4000 + "\n"
        assert running.log.count("journal not written") == 1
        assert running.assembly.health.settled

        ballast.unlink()
        await clock.advance(11)
        path.write_text(path.read_text().removeprefix("x" * 4000 + "\n"))
        assert outcomes(path) == [(2, "published"), (2, "delivered")]
        assert "journal written again" in running.log


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("a link", "; name the file itself"),
        ("no folder", "; make its directory, or correct the path"),
        ("a pipe", ""),
    ],
)
async def test_an_unusable_path_is_reported_once_and_affects_nothing_else(
    app, proxy, clock, tmpfs, tmp_path, path, kind, remedy
):
    app.put("app", value="one")
    if kind == "a link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "missing" / "journal.jsonl"
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, path))

    async with engine(loaded, clock) as running:
        await clock.advance(100)

        assert (tmpfs / "file").read_text() == "one"
        assert running.log.count("journal not written") == 1
        assert f'{remedy}",' in running.log
        assert not (tmp_path / "elsewhere").exists()


async def test_what_has_been_dropped_is_counted(app, proxy, clock, tmpfs, tmp_path, path):
    app.put("app", value="one")
    path.symlink_to(tmp_path / "elsewhere")
    loaded = load_from(tmp_path, settings(app, proxy, tmpfs, path))

    async with engine(loaded, clock) as running:
        rotations = running.state.rotations
        rotation = rotations.events[-1].rotation
        for _ in range(600):
            rotations.record_published(rotation)
            rotations.record_delivered(rotation)
        path.unlink()
        await clock.advance(11)

    assert lines(path)[0]["lost"] == 202
    assert len(lines(path)) == 1001


def test_a_reload_repeats_nothing_and_once_writes_as_well(app, tmpfs, tmp_path, path):
    app.put("db", password=CANARY)
    config = write_config(tmp_path, daemon(app, tmpfs, journal={"path": str(path)}))
    assert result("once", "-c", config).returncode == 0
    assert outcomes(path) == [(1, "published"), (1, "delivered")]

    with running("run", "-c", config) as injector:
        injector.wait_for("secret fetched")
        injector.send(signal.SIGHUP)
        injector.wait_for("reloaded")
        app.put("db", password="two")
        injector.send(signal.SIGUSR1)
        injector.wait_for("file written")
        status = result("status", "--json", "-c", config)
        assert injector.end() == 0

    assert outcomes(path)[2:] == [
        (1, "published"),
        (1, "delivered"),
        (2, "published"),
        (2, "delivered"),
    ]
    assert json.loads(status.stdout)["journal"]["state"] == "ok"
    assert CANARY not in path.read_text()


def test_once_does_not_import_it_unless_asked(app, tmpfs, tmp_path):
    app.put("db", password="one")
    config = write_config(tmp_path, daemon(app, tmpfs))
    code = (
        "import sys; from injector.cli import main; "
        f"assert main(['once', '-c', {str(config)!r}]) == 0; "
        "assert 'injector.engine.journal' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_one_id_leads_from_vaults_answer_to_the_application_in_log_journal_and_status(
    app, proxy, clock, tmpfs, tmp_path, path
):
    for name in ("app", "other"):
        app.put(name, value="one")
    blocks = {
        "secrets": {name: {"path": app.path(name)} for name in ("app", "other")},
        "template": [
            {
                "contents": "{{ app.value }} {{ other.value }}",
                "destination": str(tmpfs / "file"),
                "notify": ["web"],
            }
        ],
        "notify": {"web": {"command": ["true"]}},
    }

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock) as e:
        app.put("app", value="two")
        await clock.advance(90)
        [shown] = [r for r in said(e)["rotations"] if (r["secret"], r["generation"]) == ("app", 2)]
        named = [json.loads(line) for line in e.log.splitlines() if shown["rotation"] in line]
        kept = next(secret for secret in said(e)["secrets"] if secret["name"] == "app")

    assert [line["event"] for line in named] == ["secret fetched", "file written", "notified"]
    for line in named[1:]:
        assert (line["secrets"], line["rotations"]) == ({"app": 2}, [shown["rotation"]])
    assert [line["outcome"] for line in lines(path) if line["rotation"] == shown["rotation"]] == [
        "published",
        "delivered",
    ]
    assert kept["rotation"] == shown["rotation"]
    for moment in (shown["at"], lines(path)[-1]["time"], named[0]["timestamp"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)


async def test_what_goes_wrong_on_the_way_names_the_rotation_too(
    app, proxy, clock, tmpfs, tmp_path, path
):
    app.put("app", value="one")
    entry = {"contents": "{{ app.value }}", "destination": str(tmpfs / "file"), "notify": ["web"]}
    blocks = {"template": [entry], "notify": {"web": {"command": ["false"]}}}

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock) as e:
        app.put("app", other="two")
        await clock.advance(90)
        [_, newest] = dict.fromkeys(line["rotation"] for line in lines(path))

        [refused] = [line for line in e.events("file not written") if line["level"] == "error"]
        assert (refused["secrets"], refused["rotations"]) == ({"app": 2}, [newest])
        assert e.events("notification failed")[0]["secrets"] == {"app": 1}


async def test_a_line_about_very_many_secrets_names_the_first(
    app, proxy, clock, tmpfs, tmp_path, path
):
    names = [f"s{number:02}" for number in range(25)]
    for name in names:
        app.put(name, value="x")
    blocks = {
        "secrets": {name: {"path": app.path(name)} for name in names},
        "template": [
            {
                "contents": "".join(f"{{{{ {name}.value }}}}" for name in names),
                "destination": str(tmpfs / "file"),
            }
        ],
    }

    async with engine(load_from(tmp_path, settings(app, proxy, tmpfs, path, **blocks)), clock) as e:
        [written] = e.events("file written")

    assert (len(written["secrets"]), len(written["rotations"]), written["more"]) == (20, 20, 5)
