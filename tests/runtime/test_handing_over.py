"""From one process to the next: what an init container or a killed run leaves is gone on with."""

import io
import os
import shutil
import signal

import pytest

from injector.engine.handover import decode
from injector.runtime.assembly import take_over
from injector.sources.vault.source import SHAPES as OF_VAULT
from tests.cli.test_run import daemon
from tests.engine.test_engine import one_file
from tests.support.engine import fresh_state
from tests.support.processes import result, running, until, write_config

CANARY = "canary-7f3a-value"

SHAPES = {"vault": OF_VAULT}


@pytest.fixture
def settings(app, tmpfs, database):
    """A KV secret, a database credential, a hook that counts, and a hand-over file."""
    path = f"database/creds/{app.name}"
    database.role(app.admin, app.name, ttl="1h", max_ttl="24h")
    app.allow(f"secret/data/{app.name}/*", path)
    app.put("db", password="one")
    count = ["sh", "-c", f"echo told >> {tmpfs}/told"]
    return daemon(
        app,
        tmpfs,
        secrets={"db": {"path": app.path("db")}, "creds": {"path": path}},
        template=[
            {"contents": "{{ db.password }}", "destination": str(tmpfs / "kv"), "notify": ["app"]},
            {
                "contents": "{{ creds.username }} {{ creds.password }}",
                "destination": str(tmpfs / "creds"),
                "notify": ["app"],
            },
        ],
        notify={"app": {"command": count, "wait": {"min": "20ms"}}},
        cache={"persist": {"path": str(tmpfs / "handover" / "state")}},
    )


def seen(tmpfs):
    """What must not change when nothing has changed."""
    files = [os.stat(tmpfs / name) for name in ("kv", "creds")]
    return [(f.st_ino, f.st_mtime_ns) for f in files], (tmpfs / "told").read_text()


def everything_notified(tmpfs):
    """Tell by the hand-over file whether a kill would leave nothing pending."""
    file = tmpfs / "handover" / "state"
    if not file.exists():
        return False
    state = decode(file.read_bytes(), SHAPES).state
    written = {str(tmpfs / "kv"), str(tmpfs / "creds")}
    return state.files.keys() == written and not state.pending and "app" in state.notified_at


def test_a_hand_over_from_init_container_to_sidecar_needs_one_login_and_changes_nothing(
    tmpfs, tmp_path, settings
):
    path = write_config(tmp_path, settings)
    first = result("once", "-c", path)
    assert first.returncode == 0, first.stderr
    before = seen(tmpfs)

    with running("run", "-c", path) as sidecar:
        sidecar.wait_for("handed over")
        sidecar.wait_for("secret fetched")
        assert result("probe", "ready", "-c", path).returncode == 0
        assert sidecar.end() == 0

    assert "logged in" not in sidecar.output
    assert sidecar.output.count("secret fetched") == 1  # the KV secret: values are not written down
    assert "file written" not in sidecar.output
    assert seen(tmpfs) == before


def test_a_killed_run_is_resumed(tmpfs, tmp_path, settings):
    path = write_config(tmp_path, settings)
    with running("run", "-c", path) as killed:
        # Each file may be notified by itself: the credential takes longer than the KV value.
        until(lambda: everything_notified(tmpfs), "both files are notified")
        killed.end(signal.SIGKILL)
    before = seen(tmpfs)

    with running("run", "-c", path) as again:
        again.wait_for("secret fetched")
        assert again.end() == 0

    assert "logged in" not in again.output
    assert seen(tmpfs) == before


def test_a_failed_notification_is_sent_by_the_next_process(app, tmpfs, tmp_path, settings):
    settings["notify"]["app"]["command"] = ["false"]
    path = write_config(tmp_path, settings)
    assert result("once", "-c", path, "--timeout", "2s").returncode == 8

    settings["notify"]["app"]["command"] = ["sh", "-c", f"echo told >> {tmpfs}/told"]
    ended = result("once", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 0
    assert (tmpfs / "told").read_text() == "told\n"


def test_the_file_contains_no_kv_value_and_only_its_owner_can_read_it(
    app, tmpfs, tmp_path, settings
):
    app.put("db", password=CANARY)

    assert result("once", "-c", write_config(tmp_path, settings)).returncode == 0

    path = tmpfs / "handover" / "state"
    assert CANARY.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("how", ["garbage", "truncated", "of another configuration"])
def test_an_unsuitable_file_is_ignored_with_a_warning(app, tmpfs, tmp_path, settings, how):
    path = write_config(tmp_path, settings)
    assert result("once", "-c", path).returncode == 0
    path = tmpfs / "handover" / "state"
    if how == "garbage":
        path.write_bytes(b"not a record")
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        other = tmp_path / "role_id_elsewhere"
        other.write_text(app.role_id.read_text())
        settings["auto_auth"]["method"]["config"]["role_id_file_path"] = str(other)

    ended = result("once", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 0
    assert "hand-over file ignored" in ended.stderr
    assert "logged in" in ended.stderr


def test_what_changed_meanwhile_is_announced_once_and_not_at_every_reload(
    app, tmpfs, tmp_path, settings
):
    path = write_config(tmp_path, settings)
    assert result("once", "-c", path).returncode == 0
    app.put("db", password="two")

    with running("run", "-c", path) as sidecar:
        sidecar.wait_for('"notified"')
        sidecar.send(signal.SIGHUP)
        sidecar.wait_for('"reloaded"')
        app.put("db", password="two", other="x")  # read anew, and the files stay as they are
        sidecar.send(signal.SIGUSR1)
        sidecar.wait_for("secret fetched", times=2)
        assert result("status", "-c", path).returncode == 0
        assert sidecar.end() == 0

    assert sidecar.output.count('"notified"') == 1


class LogThatLooks(io.StringIO):
    """A log that decodes the hand-over file at the moment in which an event is said."""

    def __init__(self, path, event):
        super().__init__()
        self.path, self.event, self.states = path, event, []

    def write(self, text):
        if f'"{self.event}"' in text:
            self.states.append(decode(self.path.read_bytes(), SHAPES).state)
        return super().write(text)


async def test_when_a_notification_is_said_the_next_process_would_know_of_it(lab):
    lab.put("db", password="one")
    file = lab.tmpfs / "handover" / "state"
    blocks = {
        "notify": {"app": {"command": ["true"]}},
        "cache": {"persist": {"path": str(file)}},
    }
    loaded = lab.load(one_file(lab, blocks=blocks, notify=["app"]))
    output = LogThatLooks(file, "notified")
    state = fresh_state(lab.clock, output)

    with take_over(loaded, state):
        async with lab.start(loaded, state=state):
            lab.put("db", password="two")
            await lab.clock.advance(300)

    assert len(output.states) == 2
    for known in output.states:
        assert not known.pending
        assert "app" in known.notified_at


async def test_a_record_that_cannot_be_written_is_retried_and_reported_once(lab):
    lab.put("db", password="one")
    path = lab.tmpfs / "handover" / "state"
    cache = {"persist": {"path": str(path)}}
    loaded = lab.load(one_file(lab, blocks={"cache": cache}))
    state = fresh_state(lab.clock, output := io.StringIO())

    with take_over(loaded, state):
        async with lab.start(loaded, state=state):
            shutil.rmtree(path.parent)
            path.parent.touch()  # in the way
            state.dirty.ring()
            await lab.clock.advance(40)
            assert output.getvalue().count("hand-over file not written") == 1

            path.parent.unlink()
            await lab.clock.advance(10)
            assert path.exists()
            assert output.getvalue().count("hand-over file written again") == 1


async def test_a_file_that_cannot_be_removed_at_the_end_is_reported(lab):
    lab.put("db", password="one")
    path = lab.tmpfs / "handover" / "state"
    blocks = {"cache": {"persist": {"path": str(path)}}, "revoke_on_shutdown": "token"}
    loaded = lab.load(one_file(lab, blocks=blocks))
    state = fresh_state(lab.clock, output := io.StringIO())

    with take_over(loaded, state):
        async with lab.start(loaded, state=state) as running:
            path.unlink()
            path.mkdir()  # in the way
            await running.assembly.release()

    assert "hand-over file not removed" in output.getvalue()


def test_two_injectors_do_not_share_one_file(tmpfs, tmp_path, settings):
    path = write_config(tmp_path, settings)
    with running("run", "-c", path) as first:
        first.wait_for("listening")

        second = result("once", "-c", path)

        assert second.returncode == 2
        assert "state.lock" in second.stderr or "another" in second.stderr
        assert first.end() == 0


def test_a_secret_id_that_only_memory_had_survives_the_restart(app, tmpfs, tmp_path, settings):
    del settings["auto_auth"]["method"]["config"]["remove_secret_id_file_after_reading"]
    path = write_config(tmp_path, settings)
    assert result("once", "-c", path).returncode == 0
    assert not app.secret_id.exists()

    with running("run", "-c", path) as sidecar:
        sidecar.wait_for("secret fetched")
        accessors = app.admin.auth.token.list_accessors()["data"]["keys"]
        for accessor in accessors:
            found = app.admin.auth.token.lookup_accessor(accessor)["data"]
            if app.name in found["policies"]:
                app.admin.auth.token.revoke_accessor(accessor)
        sidecar.send(signal.SIGUSR1)
        sidecar.wait_for("logged in")
        assert sidecar.end() == 0


def test_revoking_at_the_end_leaves_nothing_to_hand_over(tmpfs, tmp_path, settings):
    settings["revoke_on_shutdown"] = "token"

    assert result("once", "-c", write_config(tmp_path, settings)).returncode == 0

    assert not (tmpfs / "handover" / "state").exists()


def test_without_a_hand_over_file_nothing_of_it_is_imported():
    import subprocess
    import sys

    code = "import sys, injector.cli.once; print('injector.engine.handover' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"
