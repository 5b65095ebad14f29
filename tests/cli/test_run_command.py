"""`injector run -- CMD` as its users run it: real processes, signals, exit codes, output."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from injector.targets.notify.processes import processes
from tests.support.engine import configuration
from tests.support.namespaces import namespace
from tests.support.processes import clean_environment, command, result, running, write_config

CANARY = "canary-4f70-value"
# Says what signals it gets, one a line, and ends at SIGTERM with 3.
LISTENER = """
import signal, sys
signals = signal.valid_signals() - {signal.SIGCHLD, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("up", flush=True)
while (number := signal.sigwait(signals)) != signal.SIGTERM:
    print(signal.Signals(number).name, flush=True)
sys.exit(3)
"""
DEAF = "trap '' TERM; echo up; while :; do sleep 1000; done"


@pytest.fixture
def configure(app, tmpfs, tmp_path):
    """Write a configuration with one variable and one file."""
    app.put("a", value=CANARY)

    def write(**blocks):
        defaults = {
            "secrets": {"a": {"path": app.path("a")}},
            "template": [{"contents": "{{ a.value }}", "destination": str(tmpfs / "file")}],
            "env_template": [{"name": "PASSWORD", "contents": "{{ a.value }}"}],
            "listener": [{"type": "unix", "address": str(tmpfs / "injector.sock")}],
        }
        return write_config(tmp_path, configuration(app, app.bao.address, **(defaults | blocks)))

    return write


def runs(pid):
    found = processes().get(pid)
    return found is not None and not found.zombie


def line(injector):
    return injector.popen.stdout.readline().decode().rstrip("\n")


# --- its environment ---------------------------------------------------------------------------


def test_it_has_variables_and_files_but_none_of_our_credentials(configure, tmpfs):
    environ = clean_environment(
        VAULT_ADDR="http://127.0.0.1:1", VAULT_TOKEN="t", INJECTOR_ADDR="x", LANG_OF_MINE="de"
    )
    script = f'cat {tmpfs}/file; echo; echo "$PASSWORD $LANG_OF_MINE"; env'

    ended = result("run", "-c", configure(), "--", "sh", "-c", script, environ=environ)

    assert ended.returncode == 0
    first, second, *variables = ended.stdout.splitlines()
    assert (first, second) == (CANARY, f"{CANARY} de")
    assert not [text for text in variables if re.match("VAULT_|BAO_|INJECTOR_", text)]


def test_the_command_line_overrides_exec_and_keeps_its_settings(configure):
    settings = {"command": ["false"], "env": {"custom": ["COLOUR=blue"]}}

    ended = result(
        "run", "-c", configure(exec=settings), "--", "sh", "-c", 'echo "$COLOUR"; exit 5'
    )

    assert (ended.returncode, ended.stdout) == (5, "blue\n")


def test_without_a_command_its_options_are_rejected(configure):
    path = configure()

    ran, once = result("run", "-c", path), result("once", "-c", path)
    checked = result("check", "-c", path)

    assert (ran.returncode, once.returncode, checked.returncode) == (2, 2, 0)
    assert "env_template: is meant for a command" in ran.stderr
    assert "`once` starts no command" in once.stderr
    assert "warning:" in checked.stdout


@pytest.mark.parametrize("words", [["sh", "-c", "exit 5"], ["--"]], ids=" ".join)
def test_the_command_follows_two_dashes(configure, words):
    ended = result("run", "-c", configure(), *words)

    assert ended.returncode == 2
    assert "write the command after `--`" in ended.stderr


# --- its end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -SEGV $$"], 128 + 11),
        (["no-such-program"], 127),
        (["/etc/hostname"], 126),
        (["/"], 126),
    ],
    ids=str,
)
def test_its_exit_code_is_ours(configure, argv, code):
    ended = result("run", "-c", configure(), "--", *argv)

    assert ended.returncode == code


def test_sigterm_is_passed_on_and_its_exit_code_is_ours(configure):
    with running("run", "-c", configure(), "--", sys.executable, "-c", LISTENER) as injector:
        assert line(injector) == "up"

        assert injector.end() == 3


def test_the_exit_code_after_sigterm_is_143(configure):
    with running(
        "run", "-c", configure(), "--", "sh", "-c", "echo up; exec sleep 1000"
    ) as injector:
        assert line(injector) == "up"

        assert injector.end() == 143


def test_the_exit_code_after_sigterm_before_its_start_is_143_too(configure):
    missing = {"a": {"path": "secret/data/no-such-app/x"}}
    with running("run", "-c", configure(secrets=missing), "--", "true") as injector:
        injector.wait_for("command waiting")

        assert injector.end() == 143


def test_one_that_ignores_sigterm_is_killed_with_its_children_after_its_timeout(configure, tmpfs):
    double_forks = f"(sh -c 'trap \"\" TERM; echo $$ > {tmpfs}/pid; sleep 1000' &); {DEAF}"
    path = configure(exec={"command": ["sh", "-c", double_forks], "kill_timeout": "300ms"})
    with running("run", "-c", path) as injector:
        assert line(injector) == "up"

        assert injector.end() == 137
    assert "command killed" in injector.output
    assert '"level":"error"' not in injector.output
    assert not runs(int((tmpfs / "pid").read_text()))


def test_a_second_sigterm_waits_no_longer(configure):
    path = configure(exec={"command": ["sh", "-c", DEAF], "kill_timeout": "1h"})
    with running("run", "-c", path) as injector:
        assert line(injector) == "up"
        injector.send(signal.SIGTERM)
        injector.send(signal.SIGTERM)
        injector.send(signal.SIGINT)

        assert injector.wait() == 137


def test_quit_stops_it_with_its_own_signal(configure):
    settings = {"command": ["sh", "-c", "trap 'exit 4' INT; echo up; while :; do sleep 0.01; done"]}
    path = configure(exec=settings | {"restart_stop_signal": "SIGINT"})
    with running("run", "-c", path) as injector:
        assert line(injector) == "up"
        assert result("quit", "-c", path).returncode == 0

        assert injector.wait() == 4


# --- signals -----------------------------------------------------------------------------------


def test_every_signal_is_passed_on_but_those_that_are_ours(configure):
    passed = ["SIGUSR2", "SIGWINCH", "SIGQUIT", "SIGPWR", "SIGCONT", "SIGTSTP", "SIGRTMIN"]
    with running("run", "-c", configure(), "--", sys.executable, "-c", LISTENER) as injector:
        assert line(injector) == "up"
        for name in passed:
            injector.send(signal.SIGHUP)
            injector.send(signal.SIGUSR1)
            injector.send(signal.Signals[name])
            assert line(injector) == name

        assert injector.end() == 3


@pytest.mark.parametrize("name", ["SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"])
def test_what_the_kernel_tells_us_about_ourselves_is_not_passed_on(configure, name):
    """A library's timer, or a limit of ours, would end an application that knows of neither."""
    with running("run", "-c", configure(), "--", sys.executable, "-c", LISTENER) as injector:
        assert line(injector) == "up"
        injector.send(signal.Signals[name])
        injector.wait_for(f'"signal":"{name}"')
        injector.send(signal.SIGUSR2)

        assert line(injector) == "SIGUSR2"
        assert injector.end() == 3


def test_what_it_has_left_behind_ends_with_it(configure):
    """It holds the pipe of our output, so whoever reads that would wait for it."""
    script = "sleep 1000 & echo $!; exit 4"
    with running("run", "-c", configure(), "--", "sh", "-c", script) as injector:
        left = int(line(injector))

        assert injector.wait() == 4
    found = processes().get(left)
    assert found is None or found.zombie


def test_it_ignores_what_we_were_started_to_ignore_and_we_reload_all_the_same(configure):
    """`nohup injector run -- CMD`, or a job in the background of a script.

    But not what a script's `&` has ignored, because Ctrl-C is not meant for it: its own signal to
    stop may be among that.
    """
    ignored = (signal.SIGHUP, signal.SIGUSR2)

    def nohup():
        for number in (*ignored, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)

    script = "grep SigIgn /proc/self/status; exec sleep 1000"
    with running("run", "-c", configure(), "--", "sh", "-c", script, preexec=nohup) as injector:
        mask = int(line(injector).split()[1], 16)
        injector.send(signal.SIGHUP)

        injector.wait_for("reloaded")
        assert injector.end() == 143

    assert mask == sum(1 << number - 1 for number in ignored)


# --- changes -----------------------------------------------------------------------------------


def test_a_change_restarts_it_and_what_it_has_left_behind_is_gone(app, configure, tmpfs):
    leaves = f'(sleep 1000 & echo $! >> {tmpfs}/pids); echo "$PASSWORD"; exec sleep 1000'
    notify = {"fast": {"process": {"child": True}, "wait": {"min": "50ms", "max": "1s"}}}
    path = configure(notify=notify)
    with running("run", "-c", path, "--", "sh", "-c", leaves) as injector:
        assert line(injector) == CANARY
        app.put("a", value="next")
        injector.send(signal.SIGUSR1)
        assert line(injector) == "next"

        first, second = (int(pid) for pid in (tmpfs / "pids").read_text().split())
        assert (runs(first), runs(second)) == (False, True)
        assert injector.end() == 143


def test_a_reload_in_the_middle_of_a_restart_does_not_lose_it(app, configure, tmpfs):
    go = tmpfs / "go"
    slow = (
        f"trap '[ -e {go} ] || {{ mkfifo {go}; echo asked; read _ < {go}; }}; exit 0' TERM;"
        ' echo "$PASSWORD"; while :; do sleep 0.01; done'
    )
    notify = {"fast": {"process": {"child": True}, "wait": {"min": "50ms", "max": "1s"}}}
    path = configure(notify=notify)
    with running("run", "-c", path, "--", "sh", "-c", slow) as injector:
        assert line(injector) == CANARY
        app.put("a", value="next")
        injector.send(signal.SIGUSR1)
        assert line(injector) == "asked"
        injector.send(signal.SIGHUP)
        injector.wait_for("reloaded")
        go.write_text("")

        assert line(injector) == "next"
        assert injector.end() == 0


def test_a_reload_may_take_the_command_away_and_bring_another(configure):
    says = {"command": ["sh", "-c", "echo up; exec sleep 1000"]}
    path = configure(exec=says)
    with running("run", "-c", path) as injector:
        assert line(injector) == "up"
        configure(env_template=[])
        injector.send(signal.SIGHUP)
        injector.wait_for("command ended")
        injector.wait_for('"reloaded"')
        configure(exec={"command": ["sh", "-c", "echo other; exec sleep 1000"]})
        injector.send(signal.SIGHUP)

        assert line(injector) == "other"
        assert injector.end() == 143


def test_no_value_is_in_the_log_the_status_or_any_command_line(app, configure, tmpfs):
    script = 'echo "$PASSWORD" > /dev/null; echo up; exec sleep 1000'
    path = configure(log_level="debug")
    with running("run", "-c", path, "--", "sh", "-c", script) as injector:
        assert line(injector) == "up"
        status = result("status", "--json", "-c", path)
        metrics = result("status", "-c", path)
        ours = [
            Path(f"/proc/{pid}/cmdline").read_bytes()
            for pid, found in processes().items()
            if injector.popen.pid in (pid, found.parent)
        ]

        assert len(ours) == 2
        assert injector.end() == 143
    assert '"program": "sh"' in status.stdout
    for shown in (status.stdout, metrics.stdout, injector.output, str(ours)):
        assert CANARY not in shown


# --- output ------------------------------------------------------------------------------------


def test_its_output_comes_out_masked_and_in_order(configure):
    script = 'echo "käse $PASSWORD ✓"; echo "on stderr $PASSWORD" >&2; printf "%s" "$PASSWORD"'
    path = configure(exec={"command": ["sh", "-c", script], "mask_output": True})

    ended = result("run", "-c", path)

    assert ended.stdout == "käse [redacted: a.value] ✓\n[redacted: a.value]"
    assert "on stderr [redacted: a.value]\n" in ended.stderr
    assert CANARY not in ended.stderr


def test_its_output_is_masked_only_if_configured(configure):
    ended = result("run", "-c", configure(), "--", "sh", "-c", 'echo "$PASSWORD"')

    assert ended.stdout == f"{CANARY}\n"


def test_its_input_is_ours(configure):
    ended = subprocess.run(
        command("run", "-c", configure(), "--", "cat"),
        input="hello",
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=True,
    )

    assert ended.stdout == "hello"


# --- as PID 1 ----------------------------------------------------------------------------------


def test_as_pid_1_orphans_are_reaped_and_the_exit_code_comes_out(configure):
    orphans = "for i in $(seq 100); do (sleep 0.01 &) ; done; echo up; exec sleep 1000"
    path = configure()
    with namespace("-m", "injector", "run", "-c", str(path), "--", "sh", "-c", orphans) as inside:
        assert inside.line() == "up"

        inside.wait_for(lambda: len(inside.processes()) == 3)  # the small init, ours, and sleep
        assert inside.end(signal.SIGTERM) == 143


def test_as_pid_1_signals_reach_it(configure):
    args = ("-m", "injector", "run", "-c", str(configure()), "--", sys.executable, "-c", LISTENER)
    with namespace(*args) as inside:
        assert inside.line() == "up"
        for name in ("SIGUSR2", "SIGWINCH", "SIGQUIT"):
            inside.send(signal.Signals[name])
            assert inside.line() == name

        assert inside.end(signal.SIGTERM) == 3


def test_as_pid_1_a_thousand_hooks_that_fork_twice_leave_no_zombie(configure, tmpfs):
    hook = {"command": ["sh", "-c", f"(sleep 0.05 &); echo >> {tmpfs}/ran"]}
    hooks = {f"hook{number}": hook for number in range(1000)}
    template = {
        "contents": "{{ a.value }}",
        "destination": str(tmpfs / "file"),
        "notify": list(hooks),
    }
    path = configure(template=[template], notify=hooks, env_template=[], log_level="error")
    with namespace("-m", "injector", "run", "-c", str(path)) as inside:
        inside.wait_for((tmpfs / "ran").exists)
        inside.wait_for(lambda: len((tmpfs / "ran").read_text()) == 1000)

        inside.wait_for(lambda: len(inside.processes()) == 2)  # the small init and ours
        assert inside.end(signal.SIGTERM) == 0


def test_a_program_that_is_not_there_is_named_at_the_start_even_if_nothing_changes(
    app, server, tmpfs, tmp_path
):
    app.put("app", password="p")
    config = configuration(
        app,
        server.address,
        secrets={"app": {"path": app.path("app")}},
        template=[
            {"secret": "app", "format": "json", "destination": str(tmpfs / "x"), "notify": ["web"]}
        ],
        notify={"web": {"command": ["no-such-reload"]}},
    )
    (tmpfs / "x").write_text('{"password": "p"}\n')
    (tmpfs / "x").chmod(0o600)

    ended = result("once", "-c", write_config(tmp_path, config))

    (line,) = (each for each in ended.stderr.splitlines() if "program not found" in each)
    assert json.loads(line)["program"] == "no-such-reload"
    assert json.loads(line)["used_by"] == "notify web"
