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
from tests.support.processes import result, running, write_config


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def settings(lab, path, **blocks):
    defaults = {
        "secrets": {"app": {"path": lab.path("app")}},
        "template": [{"contents": "{{ app.value }}", "destination": str(lab.tmpfs / "file")}],
        "journal": {"path": str(path)},
    }
    return lab.config(**(defaults | blocks))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def outcomes(path):
    return [(line["generation"], line["outcome"]) for line in lines(path)]


async def test_a_line_says_what_was_rotated_when_and_with_what_result(lab, path):
    lab.put("app", value=CANARY)

    async with lab.start(settings(lab, path)):
        lab.put("app", value=f"{CANARY}-two")
        await lab.clock.advance(61)

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


async def test_a_delivery_is_recorded_when_the_application_has_accepted_it(lab, path):
    lab.put("app", value="one")
    entry = {
        "contents": "{{ app.value }}",
        "destination": str(lab.tmpfs / "file"),
        "notify": ["app"],
    }
    blocks = {
        "template": [entry],
        "notify": {"app": {"command": ["true"], "wait": {"min": "2s", "max": "15s"}}},
    }

    async with lab.start(settings(lab, path, **blocks)):
        lab.put("app", value="two")
        await lab.clock.advance(61)
        assert outcomes(path)[-1] == (2, "published")

        await lab.clock.advance(2)
        assert outcomes(path)[-1] == (2, "delivered")
        assert lines(path)[-1]["seconds"] == 2.0


async def test_a_change_that_is_rolled_back_and_its_successor_are_distinguished(lab, path):
    lab.put("app", value="good")
    entry = {
        "contents": "{{ app.value }}",
        "destination": str(lab.tmpfs / "file"),
        "notify": ["app"],
    }
    blocks = {
        "template": [entry],
        "notify": {"app": application(lab.tmpfs, str(lab.tmpfs / "file"))},
    }

    async with lab.start(settings(lab, path, **blocks)):
        lab.put("app", value=CANARY)
        await lab.clock.advance(90)
        lab.put("app", value="better")
        await lab.clock.advance(90)

    assert outcomes(path)[2:] == [
        (2, "published"),
        (2, "rolled_back"),
        (2, "superseded"),
        (3, "published"),
        (3, "delivered"),
    ]
    assert lines(path)[3]["error_class"] == "hook"
    assert CANARY not in path.read_text()


async def test_the_same_failure_again_and_again_is_one_line(lab, path):
    lab.put("app", value="one")
    entry = {
        "contents": "{{ app.value }}",
        "destination": str(lab.tmpfs / "file"),
        "notify": ["app"],
    }
    fails = {"command": ["false"], "wait": {"min": "1s", "max": "1s"}}
    blocks = {"template": [entry], "notify": {"app": fails}}

    async with lab.start(settings(lab, path, **blocks)) as running:
        await lab.clock.advance(300)

        assert running.log.count("notification failed") > 5
        assert outcomes(path) == [(1, "published"), (1, "failed")]


async def test_a_late_failure_of_an_older_value_says_nothing_of_the_newest(lab, path):
    """The application cannot be notified of the second value; of the third no file can be made."""
    lab.put("app", value="one")
    entry = {
        "contents": "{{ app.value }}",
        "destination": str(lab.tmpfs / "file"),
        "notify": ["app"],
    }
    fails = {"command": ["false"], "wait": {"min": "1s", "max": "1s"}}
    blocks = {"template": [entry], "notify": {"app": fails}}

    async with lab.start(settings(lab, path, **blocks)):
        lab.put("app", other="x")
        await lab.clock.advance(200)

    assert [(line["generation"], line["error_class"]) for line in lines(path)] == [
        (1, None),
        (1, "hook"),
        (1, None),  # superseded
        (2, None),
        (2, "missing"),
    ]


async def test_it_continues_in_a_new_file_after_a_rename_and_in_the_same_one_after_truncation(
    lab, path
):
    lab.put("app", value="one")

    async with lab.start(settings(lab, path)):
        path.rename(lab.folder / "journal.1")
        lab.put("app", value="two")
        await lab.clock.advance(61)
        assert outcomes(path) == [(2, "published"), (2, "delivered")]

        os.truncate(path, 0)  # logrotate's copytruncate
        path.chmod(0o640)
        lab.put("app", value="three")
        await lab.clock.advance(70)
        assert outcomes(path) == [(3, "published"), (3, "delivered")]
        assert path.stat().st_mode & 0o777 == 0o640


@pytest.fixture
def small(tmp_path):
    """A disk of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=64k", "none", folder):
        yield folder


async def test_a_full_disk_loses_no_line_and_affects_nothing_else(lab, small):
    lab.put("app", value="one")
    path, ballast = small / "journal.jsonl", small / "ballast"

    async with lab.start(settings(lab, path)) as running:
        path.write_text("x" * 4000 + "\n")  # so that the next line needs a page that is not there
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        lab.put("app", value="two")
        await lab.clock.advance(61)
        assert lab.read("file") == "two"
        assert path.read_text() == "x" * 4000 + "\n"
        assert running.log.count("journal not written") == 1
        assert running.assembly.health.settled

        ballast.unlink()
        await lab.clock.advance(11)
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
async def test_an_unusable_path_is_reported_once_and_affects_nothing_else(lab, path, kind, remedy):
    lab.put("app", value="one")
    if kind == "a link":
        path.symlink_to(lab.folder / "elsewhere")
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path = lab.folder / "missing" / "journal.jsonl"

    async with lab.start(settings(lab, path)) as running:
        await lab.clock.advance(100)

        assert lab.read("file") == "one"
        assert running.log.count("journal not written") == 1
        assert f'{remedy}",' in running.log
        assert not (lab.folder / "elsewhere").exists()


async def test_what_has_been_dropped_is_counted(lab, path):
    lab.put("app", value="one")
    path.symlink_to(lab.folder / "elsewhere")

    async with lab.start(settings(lab, path)) as running:
        rotations = running.state.rotations
        rotation = rotations.events[-1].rotation
        for _ in range(600):
            rotations.record_published(rotation)
            rotations.record_delivered(rotation)
        path.unlink()
        await lab.clock.advance(11)

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
    lab, path
):
    for name in ("app", "other"):
        lab.put(name, value="one")
    blocks = {
        "secrets": {name: {"path": lab.path(name)} for name in ("app", "other")},
        "template": [
            {
                "contents": "{{ app.value }} {{ other.value }}",
                "destination": str(lab.tmpfs / "file"),
                "notify": ["web"],
            }
        ],
        "notify": {"web": {"command": ["true"]}},
    }

    async with lab.start(settings(lab, path, **blocks)) as e:
        lab.put("app", value="two")
        await lab.clock.advance(90)
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


async def test_what_goes_wrong_on_the_way_names_the_rotation_too(lab, path):
    lab.put("app", value="one")
    entry = {
        "contents": "{{ app.value }}",
        "destination": str(lab.tmpfs / "file"),
        "notify": ["web"],
    }
    blocks = {"template": [entry], "notify": {"web": {"command": ["false"]}}}

    async with lab.start(settings(lab, path, **blocks)) as e:
        lab.put("app", other="two")
        await lab.clock.advance(90)
        [_, newest] = dict.fromkeys(line["rotation"] for line in lines(path))

        [refused] = [line for line in e.events("file not written") if line["level"] == "error"]
        assert (refused["secrets"], refused["rotations"]) == ({"app": 2}, [newest])
        assert e.events("notification failed")[0]["secrets"] == {"app": 1}


async def test_a_line_about_very_many_secrets_names_the_first(lab, path):
    names = [f"s{number:02}" for number in range(25)]
    for name in names:
        lab.put(name, value="x")
    blocks = {
        "secrets": {name: {"path": lab.path(name)} for name in names},
        "template": [
            {
                "contents": "".join(f"{{{{ {name}.value }}}}" for name in names),
                "destination": str(lab.tmpfs / "file"),
            }
        ],
    }

    async with lab.start(settings(lab, path, **blocks)) as e:
        [written] = e.events("file written")

    assert (len(written["secrets"]), len(written["rotations"]), written["more"]) == (20, 20, 5)
