"""`injector run -- CMD` in a real terminal, with a shell's job control: as if CMD were alone."""

import os
import shlex
import signal
import sys
import termios

import pytest

from tests.cli.test_run_command import CANARY, configure  # noqa: F401 - a fixture
from tests.support.processes import command
from tests.support.terminal import PROMPT, shell

# Asks until it is told to end; Ctrl-C and a new size are things that it knows what to do with.
# It looks for input now and then: who waits for it sleeps through a signal that came just before.
ASKS = """
import os, select, signal, sys
def say(*words): os.write(1, f"{' '.join(map(str, words))}\\n".encode())  # in a handler, too
signal.signal(signal.SIGWINCH, lambda *_: say(f"[size {os.get_terminal_size().lines}]"))
signal.signal(signal.SIGINT, lambda *_: say("[interrupted]"))
signal.signal(signal.SIGUSR2, lambda *_: say("[passed on]"))
say("injector", os.getppid())
say("terminals:", *(os.isatty(fd) for fd in (0, 1, 2)))
word = ""
while word != "end":
    say("your turn: ")
    while not select.select([0], [], [], 0.02)[0]:
        pass
    word = input()
    say(f"[you said {word}]")
sys.exit(5)
"""


JOB = """
import signal, time
signal.signal(signal.SIGCONT, lambda *_: print("continued"))
print("up")
while True:
    time.sleep(0.02)
"""
# Takes the terminal for itself, and leaves it as nobody wants it.
GREEDY = """
import os, signal, sys, termios, time, tty
if sys.argv[1] == "alone":
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpgrp())
tty.setraw(0)
print("up", os.getpid())
time.sleep(1000)
"""


def line(path, *argv):
    """Return the shell's command line; what the injector logs is not for the screen."""
    return shlex.join([*command("run", "-c", path), "--", *argv])


@pytest.fixture
def asks(tmp_path):
    """The command that runs the program."""
    (tmp_path / "asks.py").write_text(ASKS)
    return sys.executable, str(tmp_path / "asks.py")


@pytest.fixture
def path(configure):  # noqa: F811 - it is the fixture
    return configure(log_level="error")


def test_an_interactive_program_works(path, asks):
    with shell() as user:
        user.runs(line(path, *asks))
        user.shows("terminals: True True True")
        user.shows("your turn: ")
        user.types("hello\n")
        user.shows(r"\[you said hello\]")
        user.types("end\n")
        user.shows(PROMPT)

        user.runs("echo code $?")
        user.shows("code 5")


def test_ctrl_c_reaches_the_program_once(path, asks):
    with shell() as user:
        user.runs(line(path, *asks))
        user.shows("injector ")
        injector = int(user.until(r"\r?\n"))
        user.shows("your turn: ")
        for _ in range(3):
            user.presses(termios.VINTR)
            user.shows(r"\[interrupted\]")
            os.kill(injector, signal.SIGUSR2)  # which it sees after what was pressed
            assert "interrupted" not in user.until(r"\[passed on\]")
        user.types("end\n")
        assert "interrupted" not in user.until(PROMPT)

        user.runs("echo code $?")
        user.shows("code 5")


def test_one_that_exits_on_ctrl_c_ends_us(path):
    with shell() as user:
        user.runs(line(path, "sh", "-c", "echo u''p; exec sleep 1000"))
        user.shows("up")
        user.presses(termios.VINTR)
        user.shows(PROMPT)

        user.runs("echo code $?")
        user.shows("code 130")


def test_ctrl_z_stops_both_and_fg_continues_them(path, asks):
    with shell() as user:
        user.runs(line(path, *asks))
        user.shows("your turn: ")
        user.presses(termios.VSUSP)
        user.shows("Stopped")
        user.shows(PROMPT)
        user.runs("fg")
        user.types("again\n")
        user.shows(r"\[you said again\]")
        user.types("end\n")
        user.shows(PROMPT)

        user.runs("echo code $?")
        user.shows("code 5")


def test_a_new_size_reaches_the_program(path, asks):
    with shell() as user:
        user.runs(line(path, *asks))
        user.shows("your turn: ")
        user.resize(33, 77)
        user.shows(r"\[size 33\]")


def test_a_shell_has_its_own_job_control_and_gives_the_terminal_back(path, tmp_path):
    inner = "inner> "
    (tmp_path / "job").write_text(JOB)
    with shell() as user:
        user.runs(f"PS1='{inner}' {line(path, 'bash', '--norc', '--noediting', '-i')}")
        user.shows(inner)
        user.runs("echo $PASSWORD")
        user.shows(CANARY)
        user.runs(f"{sys.executable} {tmp_path}/job")
        user.shows("up")
        user.presses(termios.VSUSP)
        user.shows("Stopped")
        user.runs("fg")
        user.shows("continued")
        user.presses(termios.VINTR)
        user.shows(inner)
        user.runs("exit 3")
        user.shows(PROMPT)

        user.runs("echo code $?")
        user.shows("code 3")


def test_a_suspended_shell_gives_the_terminal_to_the_outer_one_until_fg(path):
    inner = "inner> "
    with shell() as user:
        user.runs(f"PS1='{inner}' {line(path, 'bash', '--norc', '--noediting', '-i')}")
        user.shows(inner)
        user.runs("suspend")
        user.shows("Stopped")
        user.shows(PROMPT)
        user.runs("fg")
        user.runs("echo still here")
        user.shows("still here")
        user.runs("exit 4")
        user.shows(PROMPT)

        user.runs("echo code $?")
        user.shows("code 4")


@pytest.mark.parametrize("group", ["ours", "alone"])
def test_one_that_is_killed_leaves_the_terminal_as_it_was(path, tmp_path, group):
    (tmp_path / "greedy").write_text(GREEDY)
    with shell() as user:
        before = termios.tcgetattr(user.terminal)[3]
        user.runs(line(path, sys.executable, str(tmp_path / "greedy"), group))
        user.shows("up ")
        pid = int(user.until(r"\r?\n"))
        assert termios.tcgetattr(user.terminal)[3] != before
        os.kill(pid, signal.SIGKILL)
        user.shows(PROMPT)

        assert termios.tcgetattr(user.terminal)[3] == before
