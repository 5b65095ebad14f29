"""`injector run` as its users run it: real processes, files, signals and sockets."""

import asyncio
import io
import json
import signal
import subprocess
import sys

import pytest

from injector.runtime.run import run
from tests.support.engine import configuration, fresh_state, load_from
from tests.support.processes import result, running, write_config

CANARY = "canary-7f3a-value"

# A small application that reads its file again on SIGHUP and says what it holds in memory.
APPLICATION = """
import signal, sys, time
path = sys.argv[1]
def read(*_):
    print(open(path).read().strip(), flush=True)
signal.signal(signal.SIGHUP, read)
print("up", flush=True)
while True:
    time.sleep(0.02)  # not pause(): it sleeps through a signal that came just before
"""


@pytest.fixture
def application(tmpfs):
    """The application, started with the path of its file; its pid file lies beside it."""
    popen = subprocess.Popen(
        [sys.executable, "-c", APPLICATION, str(tmpfs / "db.env")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert popen.stdout is not None
    assert popen.stdout.readline() == "up\n"
    (tmpfs / "app.pid").write_text(f"{popen.pid}\n")
    yield popen
    popen.kill()
    popen.wait()
    popen.stdout.close()


def daemon(app, tmpfs, **more):
    """One secret, one file, a socket, and an interval short enough to wait for."""
    entry = {"contents": "pw={{ db.password }}\n", "destination": str(tmpfs / "db.env")}
    blocks = {
        "secrets": {"db": {"path": app.path("db")}},
        "template": [entry],
        "template_config": {"static_secret_render_interval": "1h"},
        "listener": [{"type": "unix", "address": str(tmpfs / "injector.sock")}],
        "log_level": "debug",
        **more,
    }
    return configuration(app, app.bao.address, **blocks)


def notifying(app, tmpfs, **more):
    settings = daemon(app, tmpfs, **more)
    settings["template"][0]["notify"] = ["app"]
    settings["notify"] = {
        "app": {
            "signal": "SIGHUP",
            "process": {"pid_file": str(tmpfs / "app.pid")},
            "wait": {"min": "50ms", "max": "1s"},
        }
    }
    return settings


def test_a_changed_value_reaches_the_applications_memory_by_signal(
    app, tmpfs, tmp_path, application
):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, notifying(app, tmpfs))) as injector:
        assert application.stdout.readline() == "pw=one\n"

        app.put("db", password=CANARY)
        injector.send(signal.SIGUSR1)

        assert application.stdout.readline() == f"pw={CANARY}\n"
        assert injector.end() == 0
    assert CANARY not in injector.output


def test_an_equal_value_is_not_announced(app, tmpfs, tmp_path, application):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, notifying(app, tmpfs))) as injector:
        injector.wait_for('"notified"')
        app.put("db", password="one")
        app.put("other", password="x")
        injector.send(signal.SIGHUP)
        injector.wait_for("reloaded")

        assert injector.end() == 0
    assert injector.output.count('"notified"') == 1
    assert injector.output.count("file written") == 1


@pytest.mark.parametrize(("times", "codes"), [(1, {0}), (2, {0, -signal.SIGTERM})])
def test_sigterm_ends_it_without_waiting_for_a_login_that_hangs(app, tmpfs, tmp_path, times, codes):
    """A second one need not wait for what the first one tidies up."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = daemon(app, tmpfs, vault={"address": address, "timeout": "10m"})
        with running("run", "-c", write_config(tmp_path, settings)) as injector:
            silent.settimeout(10)
            connection, _ = silent.accept()
            with connection:
                for _ in range(times - 1):
                    injector.send(signal.SIGTERM)
                assert injector.end() in codes


def test_a_changed_template_is_rendered_again_without_asking_vault(app, tmpfs, tmp_path):
    app.put("db", password="one")
    source = tmp_path / "db.j2"
    source.write_text("pw={{ db.password }}\n")
    entry = {"source": "db.j2", "destination": str(tmpfs / "db.env")}
    settings = daemon(app, tmpfs, template=[entry])
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")

        (tmp_path / "new.j2").write_text("password={{ db.password }}\n")
        (tmp_path / "new.j2").replace(source)
        injector.wait_for("file written", times=2)

        assert (tmpfs / "db.env").read_text() == "password=one\n"
        assert injector.end() == 0
    assert injector.output.count("secret fetched") == 1
    assert injector.output.count("logged in") == 1


def test_a_broken_configuration_leaves_the_old_one_running(app, tmpfs, tmp_path):
    app.put("db", password="one")
    path = write_config(tmp_path, daemon(app, tmpfs))
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")

        write_config(tmp_path, daemon(app, tmpfs, color="blue"))
        injector.send(signal.SIGHUP)
        injector.wait_for("keeping the old one")
        assert "unknown key 'color'" in injector.output
        app.put("db", password="two")
        injector.send(signal.SIGUSR1)
        injector.wait_for("file written", times=2)

        assert (tmpfs / "db.env").read_text() == "pw=two\n"
        assert injector.end() == 0


@pytest.mark.parametrize(("on_remove", "stays"), [("keep", True), ("delete", False)])
def test_the_file_of_a_removed_entry_is_kept_or_removed(app, tmpfs, tmp_path, on_remove, stays):
    app.put("db", password="one")
    first = {"contents": "{{ db.password }}", "destination": str(tmpfs / "a")}
    second = {**first, "destination": str(tmpfs / "b"), "on_remove": on_remove}
    bundle = {
        "name": "c",
        "directory": str(tmpfs / "c"),
        "template": [{**first, "destination": "member"}],
        "on_remove": on_remove,
    }
    path = write_config(tmp_path, daemon(app, tmpfs, template=[first, second], bundle=[bundle]))
    with running("run", "-c", path) as injector:
        injector.wait_for("file written", times=2)
        injector.wait_for("bundle written")

        write_config(tmp_path, daemon(app, tmpfs, template=[first]))
        injector.wait_for("reloaded")

        assert injector.end() == 0
    assert (tmpfs / "a").exists()
    assert (tmpfs / "b").exists() is stays
    assert (tmpfs / "c/member").exists() is stays
    assert injector.output.count("secret fetched") == 1


def test_a_bundle_that_moves_removes_its_old_directory_and_one_that_is_renamed_keeps_it(
    app, tmpfs, tmp_path
):
    def configure(name, folder):
        member = {"contents": "{{ db.password }}", "destination": "member"}
        bundle = {"name": name, "directory": str(tmpfs / folder), "template": [member]}
        bundle["on_remove"] = "delete"
        return write_config(tmp_path, daemon(app, tmpfs, template=[], bundle=[bundle]))

    app.put("db", password="one")
    with running("run", "-c", configure("first", "old")) as injector:
        injector.wait_for("bundle written")

        configure("first", "new")
        injector.wait_for("bundle written", times=2)
        assert list((tmpfs / "old").iterdir()) == []

        before = (tmpfs / "new/member").resolve()
        configure("second", "new")
        injector.wait_for('"reloaded"', times=2)
        assert (tmpfs / "new/member").resolve() == before
        assert injector.end() == 0
    assert "bundle removed" in injector.output
    assert (tmpfs / "new/member").resolve() == before


def test_a_hundred_sighups_are_at_most_a_few_reloads(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("file written")
        for _ in range(100):
            injector.send(signal.SIGHUP)
        injector.wait_for('"reloaded"')
        app.put("db", password="two")
        injector.send(signal.SIGUSR1)
        injector.wait_for("file written", times=2)

        assert injector.end() == 0
    assert injector.output.count('"reloaded"') <= 2


def test_a_new_secret_id_is_used_at_once(app, tmpfs, tmp_path):
    app.put("db", password="one")
    app.secret_id.write_text("wrong")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("login failed")
        app.new_secret_id()
        injector.wait_for("file written", limit=6)
        assert injector.end() == 0


def test_a_reload_says_what_requires_a_restart(app, tmpfs, tmp_path):
    app.put("db", password="one")
    settings = daemon(app, tmpfs)
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")
        settings["cache"] = {"persist": {"path": str(tmpfs / "handover")}}
        write_config(tmp_path, {**settings, "log_level": "info"})
        injector.wait_for("read only at startup, restart to apply")
        assert injector.end() == 0
    assert '"settings":["cache","log_level"]' in injector.output


def test_status_probe_and_metrics_over_the_socket(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    path = write_config(tmp_path, daemon(app, tmpfs))
    address = ["--address", f"unix://{tmpfs / 'injector.sock'}"]
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")
        injector.wait_for("listening")

        ready = result("probe", "ready", *address)
        status = result("status", "--json", "-c", path)

        assert ready.returncode == 0
        shown = json.loads(status.stdout)
        assert shown["ready"] is True
        assert shown["secrets"][0]["name"] == "db"
        assert shown["secrets"][0]["version"] == "1"
        assert shown["files"][0]["state"] == "ok"
        assert CANARY not in status.stdout
        assert injector.end() == 0


def test_the_status_shows_bundles_beside_files(app, tmpfs, tmp_path):
    app.put("db", password=CANARY)
    members = [{"destination": "password", "contents": "{{ db.password }}"}]
    bundle = {"name": "login", "directory": str(tmpfs / "login"), "template": members}
    check = {"command": ["test", "-e", str(tmpfs / "fine")]}
    path = write_config(tmp_path, daemon(app, tmpfs, bundle=[{**bundle, "check": check}]))
    with running("run", "-c", path) as injector:
        injector.wait_for("bundle not written")

        shown = json.loads(result("status", "--json", "-c", path).stdout)

        [login] = shown["bundles"]
        assert (login["name"], login["state"], login["error_class"]) == ("login", "failing", "hook")
        [reason] = shown["not_ready"]
        assert reason.startswith("bundle login is not in place yet: check of bundle login: ")
        assert injector.end() == 0


def test_a_probe_fails_while_a_file_is_missing_and_says_which(app, tmpfs, tmp_path):
    path = write_config(tmp_path, daemon(app, tmpfs))
    with running("run", "-c", path) as injector:
        injector.wait_for("secret failed")

        ready = result("probe", "ready", "-c", path)
        live = result("probe", "live", "-c", path)

        assert ready.returncode == 1
        missing = f"{tmpfs / 'db.env'} is not in place yet: read {app.path('db')}: nothing is there"
        assert ready.stdout.startswith(missing)
        assert live.returncode == 0
        assert injector.end() == 0


def test_a_probe_without_an_injector_exits_with_1(tmp_path):
    ended = result("probe", "live", "--address", f"unix://{tmp_path / 'nobody.sock'}")

    assert ended.returncode == 1
    assert "no injector answers" in ended.stderr


def test_a_second_injector_does_not_take_over_the_socket(app, tmpfs, tmp_path):
    app.put("db", password="one")
    path = write_config(tmp_path, daemon(app, tmpfs))
    with running("run", "-c", path) as first:
        first.wait_for("listening")

        second = result("run", "-c", path)

        assert second.returncode == 2
        assert "another process serves" in second.stderr
        assert first.end() == 0


def test_a_file_that_somebody_changed_is_written_again_with_a_warning(app, tmpfs, tmp_path):
    app.put("db", password="one")
    with running("run", "-c", write_config(tmp_path, daemon(app, tmpfs))) as injector:
        injector.wait_for("file written")
        (tmpfs / "db.env").unlink()
        injector.send(signal.SIGUSR1)
        injector.wait_for("file written", times=2)

        assert "changed or removed by somebody else" in injector.output
        assert (tmpfs / "db.env").read_text() == "pw=one\n"
        assert injector.end() == 0


def test_a_pid_file_that_is_a_link_is_refused(app, tmpfs, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmpfs / "injector.pid").symlink_to(victim)
    settings = daemon(app, tmpfs, pid_file=str(tmpfs / "injector.pid"))

    ended = result("run", "-c", write_config(tmp_path, settings))

    assert ended.returncode == 7
    assert victim.read_text() == "precious"


def test_leftovers_beside_a_sink_are_removed_they_hold_a_token(app, tmpfs, tmp_path):
    (tmpfs / "sinks").mkdir()
    leftover = tmpfs / "sinks" / ".token.vault-injector.0123abcd"
    leftover.write_text("a token")
    settings = daemon(app, tmpfs)
    sink = {"type": "file", "config": {"path": str(tmpfs / "sinks" / "token")}}
    settings["auto_auth"]["sinks"] = [sink]
    app.put("db", password="one")

    assert result("once", "-c", write_config(tmp_path, settings)).returncode == 0

    assert not leftover.exists()
    assert (tmpfs / "sinks" / "token").exists()


def test_a_template_in_a_config_map_is_noticed_when_kubelet_swaps_its_link(app, tmpfs, tmp_path):
    """kubelet never writes into a file: it renames `..data` to a new folder."""
    app.put("db", password="one")
    volume = tmp_path / "volume"
    for version, text in (("..1", "a={{ db.password }}"), ("..2", "b={{ db.password }}")):
        (volume / version).mkdir(parents=True)
        (volume / version / "db.j2").write_text(text)
    (volume / "..data").symlink_to("..1")
    (volume / "db.j2").symlink_to("..data/db.j2")
    entry = {"source": str(volume / "db.j2"), "destination": str(tmpfs / "db.env")}
    path = write_config(tmp_path, daemon(app, tmpfs, template=[entry]))
    with running("run", "-c", path) as injector:
        injector.wait_for("file written")

        (volume / "..new").symlink_to("..2")
        (volume / "..new").replace(volume / "..data")
        injector.wait_for("file written", times=2)

        assert (tmpfs / "db.env").read_text() == "b=one"
        assert injector.end() == 0


async def test_exit_after_auth_waits_for_a_secret_that_is_not_there_yet(
    app, tmpfs, tmp_path, clock
):
    loaded = load_from(tmp_path, daemon(app, tmpfs, exit_after_auth=True))
    state = fresh_state(clock, io.StringIO())
    running_it = asyncio.create_task(run(loaded, state, load=lambda: loaded))
    await clock.settled()
    await clock.advance(60)
    await clock.settled()
    assert not running_it.done()

    app.put("db", password="one")
    await clock.advance(60)

    assert await running_it == 0
    assert (tmpfs / "db.env").read_text() == "pw=one\n"


@pytest.mark.parametrize("name", ["SIGUSR2", "SIGALRM", "SIGPROF", "SIGPWR", "SIGRTMIN"])
def test_a_signal_that_means_nothing_ends_nobody(app, tmpfs, tmp_path, name):
    """`kill -USR2` of an agent says something; here it killed, and left the pid file."""
    app.put("a", value="one")
    pid_file = tmp_path / "pid"
    settings = configuration(
        app,
        app.bao.address,
        pid_file=str(pid_file),
        template=[
            {"contents": f'{{{{ secret("{app.path("a")}").value }}}}', "destination": f"{tmpfs}/a"}
        ],
        listener=[{"type": "unix", "address": str(tmpfs / "socket")}],
    )
    with running("run", "-c", write_config(tmp_path, settings)) as injector:
        injector.wait_for("file written")
        injector.send(signal.Signals[name])
        injector.wait_for("signal ignored")

        assert pid_file.exists()
        assert injector.end() == 0
    assert not pid_file.exists()


@pytest.mark.parametrize(("command", "end"), [("run", 0), ("agent", 0), ("once", -signal.SIGHUP)])
def test_a_starting_daemon_survives_the_signals_for_a_reload(command, end):
    code = (
        "import signal, sys, injector.cli\n"
        "def main(_):\n"
        "    signal.raise_signal(signal.SIGHUP)\n"
        "    signal.raise_signal(signal.SIGUSR1)\n"
        "    signal.raise_signal(signal.SIGUSR2)\n"
        "injector.cli.main = main\n"
        f"sys.argv[1:] = [{command!r}]\n"
        "from injector.__main__ import main as start\n"
        "start()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False)

    assert ended.returncode == end


@pytest.mark.parametrize("mode", ["run", "once"])
def test_the_command_line_can_ask_for_another_log_level(app, tmpfs, tmp_path, mode):
    app.put("db", password=CANARY)
    path = write_config(tmp_path, daemon(app, tmpfs, log_level="error"))
    with running(mode, "-c", path, "--log-level", "debug") as injector:
        injector.wait_for("secret fetched")  # which is said at level debug
        assert injector.end() == 0
