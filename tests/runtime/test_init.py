"""The injector as PID 1, where it leaves a small init behind: real PID namespaces."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from injector.pid1 import SI_KERNEL, is_known
from tests.support.disk import STRANGER
from tests.support.namespaces import init_of, namespace, unshare
from tests.support.processes import clean_environment

AFTER_FORK = "from injector.pid1 import stay_behind; stay_behind()\n"
# Says which signals it gets, one a line, until SIGTERM. It waits for them, and so misses none.
LISTENER = (
    AFTER_FORK
    + """
import signal
signals = signal.valid_signals() - {signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("up", flush=True)
while (number := signal.sigwait(signals)) != signal.SIGTERM:
    print(signal.Signals(number).name, flush=True)
raise SystemExit(3)
"""
)
# Makes 1,000 grandchildren whose parent has ended, and waits until each has ended, too.
FORKING = (
    AFTER_FORK
    + """
import os, signal
for _ in range(1000):
    ended, alive = os.pipe()
    if not (child := os.fork()):
        os.fork()
        os._exit(0)
    os.close(alive)
    os.waitpid(child, 0)
    os.read(ended, 1)
    os.close(ended)
print("done", flush=True)
signal.pause()
"""
)


def test_outside_a_container_the_injector_is_not_forked():
    source = "import os; from injector import __main__; print(os.getpid() == 1)"

    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


def test_it_starts_before_anything_large_is_imported():
    source = (
        "import sys; import injector.__main__; import injector.pid1;"
        "print(*sorted(m for m in sys.modules if m in ('asyncio', 'argparse', 'typing', 're')"
        " or m.startswith('injector')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [
        "injector",
        "injector.__main__",
        "injector.base",
        "injector.base.private",
        "injector.pid1",
    ]


# Looks at PID 1, as any program would that the injector starts.
LOOKING = """
import ctypes, os
from injector.pid1 import stay_behind
os.setgid({user})
os.setuid({user})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable, as after an exec
stay_behind()
for name in ("environ", "mem"):
    try:
        with open(f"/proc/1/{{name}}", "rb") as file:
            print(name, b"hvs.canary" in file.read(100000), flush=True)
    except OSError as error:
        print(name, type(error).__name__, flush=True)
"""


@pytest.mark.parametrize("user", [0, STRANGER], ids=["root", "another"])
def test_what_the_injector_starts_finds_no_token_in_the_environment_of_the_init(user):
    """Root sees variables that are overwritten; everybody else sees nothing."""
    environ = clean_environment(VAULT_TOKEN="hvs.canary-of-a-token")

    with namespace("-c", LOOKING.format(user=user), environ=environ) as inside:
        assert inside.line() == ("environ False" if user == 0 else "environ PermissionError")
        assert inside.line() in {"mem OSError", "mem PermissionError"}
        inside.wait()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGWINCH,
        signal.SIGTSTP,
        signal.SIGCONT,
        signal.SIGRTMIN,
        signal.SIGRTMAX,
    ],
    ids=lambda number: number.name,
)
def test_every_signal_reaches_the_injector(number):
    with namespace("-c", LISTENER) as inside:
        assert inside.line() == "up"

        inside.send(number)

        assert inside.line() == number.name


def test_no_signal_stays_blocked_in_the_injector():
    source = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with namespace("-c", AFTER_FORK + source) as inside:
        assert inside.line() == "set()"


def test_the_exit_code_is_the_injectors():
    with namespace("-c", LISTENER) as inside:
        assert inside.line() == "up"

        assert inside.end(signal.SIGTERM) == 3


def test_a_kill_is_reported_as_by_a_shell():
    with namespace("-c", AFTER_FORK + "import signal; signal.raise_signal(9)") as inside:
        assert inside.wait() == 128 + 9


def test_a_thousand_orphans_leave_no_zombie():
    with namespace("-c", FORKING) as inside:
        assert inside.line() == "done"

        inside.wait_for(lambda: [found.zombie for found in inside.processes()] == [False, False])


def test_it_is_small_however_much_the_injector_imports():
    source = "import asyncio, aiohttp, signal; print('up', flush=True); signal.pause()"
    with namespace("-c", AFTER_FORK + source) as inside:
        assert inside.line() == "up"

        of_its_own = re.search(
            r"Private_Dirty: +(\d+) kB", Path(f"/proc/{inside.init}/smaps_rollup").read_text()
        )

        assert of_its_own is not None
        assert int(of_its_own[1]) < 6 * 1024


def test_signals_that_the_terminal_sends_to_both_are_not_forwarded():
    assert is_known(signal.SIGINT, SI_KERNEL)
    assert not is_known(signal.SIGINT, 0)
    assert not is_known(signal.SIGHUP, SI_KERNEL)  # the terminal is gone: only PID 1 is told


def test_what_is_typed_in_a_containers_terminal_arrives_once():
    command = [*unshare(), sys.executable, "-c", LISTENER]
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # for unshare, which has the terminal as well
        os.execvp(command[0], command)
    try:
        _until(terminal, "up")
        init = init_of(pid)
        said = ""
        for key in (termios.VINTR, termios.VQUIT):
            os.kill(init, signal.SIGSTOP)  # so that the terminal is first, and nothing is merged
            os.write(terminal, termios.tcgetattr(terminal)[6][key])
            said += _until(terminal, "SIG")
            os.kill(init, signal.SIGCONT)  # this is passed on, too, and later
            said += _until(terminal, "SIGCONT")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    assert re.findall("SIG[A-Z0-9]+", said) == ["SIGINT", "SIGCONT", "SIGQUIT", "SIGCONT"]


def _until(terminal: int, text: str) -> str:
    said = ""
    while text not in said:
        assert select.select([terminal], [], [], 10)[0], f"no {text!r} in {said!r}"
        said += os.read(terminal, 4096).decode()
    return said
