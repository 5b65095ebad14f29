"""Signals: real processes, and which of them are told."""

import asyncio
import contextlib
import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from injector.base.clock import SystemClock
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify import Application, NotifyResult, target_of
from injector.targets.notify.find import View, by_pid_file, read_pid_file
from injector.targets.notify.processes import process, processes
from injector.targets.notify.signal import SignalTarget
from tests.support.fakes import context

LISTENER = """
import os, signal, sys
def say(*words): os.write(1, (' '.join(map(str, words)) + '\\n').encode())
def on_signal(number, _): say('got', signal.Signals(number).name)
for number in (signal.SIGHUP, signal.SIGUSR1): signal.signal(number, on_signal)
"""
# Not signal.pause(): it sleeps through a signal that came just before.
WAIT = "import time\nsay('ready')\nwhile True: time.sleep(0.02)\n"


class App:
    """A program that says what happens to it, line by line."""

    def __init__(self, *argv: str) -> None:
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0, process_group=0
        )
        self.pid = self.process.pid

    def line(self) -> str:
        assert self.process.stdout is not None
        text = b""
        while not text.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], 5)
            assert readable, f"no line within 5 s, only {text!r}"
            byte = os.read(self.process.stdout.fileno(), 1)
            assert byte, f"ended, after {text!r}"
            text += byte
        return text.decode().strip()

    def heard_only(self, *signals: str) -> bool:
        """Tell whether these signals, and no other, had been sent before this call."""
        assert [self.line() for _ in signals] == [f"got {name}" for name in signals]
        for _ in range(2):  # two that are pending together may be handled in any order
            os.kill(self.pid, signal.SIGUSR1)
            assert self.line() == "got SIGUSR1"
        return True

    def lives(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., App]


@pytest.fixture
def start() -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def start(*argv: str, ready: str = "ready") -> App:
            app = App(*argv)
            stack.callback(app.close)
            assert not ready or app.line() == ready
            return app

        yield start


@pytest.fixture
def listener(start: Start) -> App:
    return start(sys.executable, "-c", LISTENER + WAIT)


@pytest.fixture
def script(tmp_path: Path, start: Start) -> Callable[..., App]:
    """Start a script under a name of its own."""

    def script(name: str, text: str = LISTENER + WAIT, **options: str) -> App:
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
        return start(str(path), **options)

    return script


def pid_file(tmp_path: Path, content: object) -> model.Process:
    path = tmp_path / "app.pid"
    path.write_text(f"{content}\n")
    return model.Process(pid_file=str(path))


async def tell(which: model.Process, *, number: str = "SIGHUP", ago: float = 0, **options):
    notify = model.Notify(signal=number, process=which)
    clock = SystemClock()
    how = target_of(notify, context(clock), **options)
    made = Application("app", how)
    return await made.notify(clock.wall() - ago)


def signal_target(
    which: model.Process, clock: SystemClock, output: io.StringIO | None = None
) -> SignalTarget:
    """One target, to be told again and again."""
    return SignalTarget(
        "SIGHUP", which, context(clock, output=output), users=(), child_pid=lambda: None
    )


# --- by pid file ---------------------------------------------------------------------------------


async def test_the_process_in_a_pid_file_is_signaled(tmp_path, listener):
    assert await tell(pid_file(tmp_path, listener.pid)) is NotifyResult.SENT

    assert listener.line() == "got SIGHUP"


async def test_a_pid_file_may_have_more_lines(tmp_path, listener):
    assert await tell(pid_file(tmp_path, f" {listener.pid} \n/data\n5432")) is NotifyResult.SENT


@pytest.fixture
def ended() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["true"])
    process.wait()
    return process


async def test_nobody_to_notify_is_not_a_failure(tmp_path, ended):

    assert await tell(model.Process(pid_file=str(tmp_path / "none.pid"))) is NotifyResult.ABSENT
    assert await tell(pid_file(tmp_path, ended.pid)) is NotifyResult.ABSENT
    assert await tell(model.Process(name="no-such-name")) is NotifyResult.ABSENT
    assert await tell(model.Process(exe="/no/such/program")) is NotifyResult.ABSENT


@pytest.fixture
def zombie(script: Callable[..., App]) -> App:
    app = script("vi-zombie", "import os; os.write(1, b'ready\\n')")
    os.waitid(os.P_PID, app.pid, os.WEXITED | os.WNOWAIT)
    return app


async def test_a_zombie_is_not_notified(tmp_path, zombie):
    assert await tell(pid_file(tmp_path, zombie.pid)) is NotifyResult.ABSENT
    assert await tell(model.Process(name="vi-zombie")) is NotifyResult.ABSENT


@pytest.mark.parametrize(
    "content", ["", "abc", "-5", "0", "12abc", "1_2", "+7", "12 34", "9" * 70, "\0"]
)
async def test_a_pid_file_without_a_number_is_rejected(tmp_path, content):
    with pytest.raises(HookError, match=r"^hook 'app': .*app\.pid (is empty|is not the number)"):
        await tell(pid_file(tmp_path, content))


async def test_an_impossible_pid_is_absent(tmp_path):
    assert await tell(pid_file(tmp_path, 2**31)) is NotifyResult.ABSENT


async def test_neither_the_injector_nor_what_started_it_is_signaled(tmp_path):
    for pid in (os.getpid(), os.getppid()):
        with pytest.raises(HookError, match="written in another container"):
            await tell(pid_file(tmp_path, pid))


async def test_a_pid_file_that_is_not_a_regular_file_is_rejected_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(HookError, match="not a regular file"):
        await tell(model.Process(pid_file=str(tmp_path / "fifo")))
    with pytest.raises(HookError, match="Is a directory"):
        await tell(model.Process(pid_file=str(tmp_path)))
    (tmp_path / "file").touch()
    with pytest.raises(HookError, match="Not a directory"):
        await tell(model.Process(pid_file=str(tmp_path / "file" / "app.pid")))


async def test_a_pid_file_that_is_a_link_is_not_followed(tmp_path, listener):
    which = pid_file(tmp_path, listener.pid)
    (tmp_path / "link").symlink_to(which.pid_file)

    with pytest.raises(HookError, match=f"write the path that it leads to .{which.pid_file}"):
        await tell(model.Process(pid_file=str(tmp_path / "link")))
    assert listener.heard_only()


async def test_another_users_process_is_not_signaled(tmp_path, listener):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    which = pid_file(tmp_path, listener.pid)
    os.chown(which.pid_file, 65534, 65534)

    with pytest.raises(HookError, match=r"app\.pid belongs to uid 65534 and names process"):
        await tell(which)
    assert listener.heard_only()


async def test_a_pid_reused_by_a_younger_process_is_not_signaled(tmp_path, listener):
    which = pid_file(tmp_path, listener.pid)
    hour_ago = time.time() - 3600
    os.utime(which.pid_file, (hour_ago, hour_ago))

    assert await tell(which, ago=7200) is NotifyResult.ABSENT

    assert listener.heard_only()


async def test_a_pid_reused_after_the_search_is_not_signaled(listener):
    found = process(listener.pid)
    another = type(found)(found.pid, found.parent, found.name, found.started - 1)
    which = model.Process(name="any")
    made = signal_target(which, SystemClock())

    assert made._signal(another, time.time()) is NotifyResult.ABSENT
    assert made._signal(found, time.time()) is NotifyResult.SENT


# --- when it was started -------------------------------------------------------------------------


async def test_a_process_that_started_after_the_change_is_not_signaled(tmp_path, listener):
    which = pid_file(tmp_path, listener.pid)

    assert await tell(which, ago=60) is NotifyResult.CURRENT

    assert listener.heard_only()


async def test_a_process_that_started_before_the_change_is_signaled_even_if_it_was_not_there_first(
    tmp_path, listener
):
    which = model.Process(pid_file=str(tmp_path / "app.pid"))
    assert await tell(which) is NotifyResult.ABSENT

    pid_file(tmp_path, listener.pid)

    assert await tell(which) is NotifyResult.SENT


# --- what it would do to it ----------------------------------------------------------------------


class Overloaded(SystemClock):
    """Another second is gone before each look at the wall clock."""

    lost = 0.0

    def now(self) -> float:
        return super().now() + self.lost

    def wall(self) -> float:
        self.lost += 1.0
        return super().wall() + self.lost


async def test_on_a_busy_machine_a_process_that_started_before_the_change_is_signaled_too(script):
    app = script("vi-early")
    which = model.Process(name="vi-early")
    target = signal_target(which, Overloaded())

    assert await target.notify(time.time()) is NotifyResult.SENT
    assert app.line() == "got SIGHUP"


async def test_a_signal_that_would_kill_is_not_sent_unless_forced(start, tmp_path):
    app = start("sh", "-c", "echo ready; exec sleep 1000")
    which = pid_file(tmp_path, app.pid)

    with pytest.raises(
        HookError, match=rf"process {app.pid} \(\w+\).*be killed by it.*force: true"
    ):
        await tell(which)
    assert app.lives()

    forced = model.Process(pid_file=which.pid_file, force=True)
    assert await tell(forced) is NotifyResult.SENT
    assert app.process.wait(5) == -signal.SIGHUP


async def test_a_signal_that_is_ignored_is_a_failure(start, tmp_path):
    app = start("sh", "-c", "trap '' HUP; echo ready; exec sleep 1000")

    with pytest.raises(HookError, match="ignores SIGHUP"):
        await tell(pid_file(tmp_path, app.pid))


SIGWAIT = """
import threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
def wait():
    say('ready')
    say('read', signal.sigwait([signal.SIGTERM]).name)
"""


async def test_a_signal_that_another_thread_waits_for_is_sent(start, tmp_path):
    waiting = "thread = threading.Thread(target=wait)\nthread.start()\nthread.join()"
    app = start(sys.executable, "-c", LISTENER + SIGWAIT + waiting)

    assert await tell(pid_file(tmp_path, app.pid), number="SIGTERM") is NotifyResult.SENT

    assert app.line() == "read SIGTERM"


async def test_a_signal_that_the_main_thread_waits_for_looks_fatal_and_needs_force(start, tmp_path):
    # The kernel unblocks a signal while a thread is in sigwait().
    app = start(sys.executable, "-c", LISTENER + SIGWAIT + "wait()")
    which = pid_file(tmp_path, app.pid)

    await until_asleep(app.pid)
    with pytest.raises(HookError, match="force: true"):
        await tell(which, number="SIGTERM")
    forced = model.Process(pid_file=which.pid_file, force=True)
    assert await tell(forced, number="SIGTERM") is NotifyResult.SENT

    assert app.line() == "read SIGTERM"


async def until_asleep(pid: int) -> None:
    async with asyncio.timeout(5):
        while state(pid) != "S":  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(0)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


# --- by name, executable, child ------------------------------------------------------------------

PREFORK = LISTENER + "if os.fork() == 0: on_signal = lambda *_: say('worker!')\n" + WAIT


async def test_a_name_matches_every_master_and_no_worker(script):
    first = script("vi-prefork", PREFORK)
    second = script("vi-prefork", PREFORK)
    assert (first.line(), second.line()) == ("ready", "ready")

    assert await tell(model.Process(name="vi-prefork")) is NotifyResult.SENT

    assert first.heard_only("SIGHUP")
    assert second.heard_only("SIGHUP")


async def test_a_name_may_be_longer_than_the_kernel_keeps(script):
    meant, similar = script("vi-long-service-a"), script("vi-long-service-b")

    assert await tell(model.Process(name="vi-long-service-a")) is NotifyResult.SENT

    assert meant.heard_only("SIGHUP")
    assert similar.heard_only()


async def test_one_that_cannot_be_signaled_does_not_affect_the_others(script):
    deaf = script("vi-mixed", "import os, time; os.write(1, b'ready\\n'); time.sleep(1000)")
    listening = script("vi-mixed")

    with pytest.raises(HookError, match=f"process {deaf.pid} .*be killed by it"):
        await tell(model.Process(name="vi-mixed"))

    assert listening.heard_only("SIGHUP")
    assert deaf.lives()


async def test_one_that_cannot_be_signaled_does_not_repeat_the_signal_to_the_others(script):
    script("vi-mixed", "import os, time; os.write(1, b'ready\\n'); time.sleep(1000)")
    listening, clock = script("vi-mixed"), SystemClock()
    how, change = signal_target(model.Process(name="vi-mixed"), clock), clock.wall()

    for _ in range(3):
        with pytest.raises(HookError, match="be killed by it"):
            await how.notify(change)
    assert listening.heard_only("SIGHUP")

    with pytest.raises(HookError, match="be killed by it"):
        await how.notify(change + 0.001)  # a newer change
    assert listening.heard_only("SIGHUP")


async def test_a_change_that_everybody_heard_of_can_be_announced_again(script):
    """As after a `verify` that failed."""
    listening, clock = script("vi-again"), SystemClock()
    how, change = signal_target(model.Process(name="vi-again"), clock), clock.wall()

    for _ in range(2):
        assert await how.notify(change) is NotifyResult.SENT
        assert listening.line() == "got SIGHUP"


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    return Path(shutil.copy(Path("/bin/sh").resolve(), tmp_path / "vi-shell"))


async def test_an_executable_is_found_by_its_path_even_if_it_was_replaced(shell, start):
    app = start(str(shell), "-c", "trap 'echo got it' HUP; echo ready; sleep 1000 & wait")
    shell.unlink()

    assert await tell(model.Process(exe=str(shell))) is NotifyResult.SENT

    assert app.line() == "got it"


async def test_the_supervised_command_is_signaled_if_it_runs(listener):
    which = model.Process(child=True)

    assert await tell(which) is NotifyResult.ABSENT
    assert await tell(which, child_pid=lambda: 2**31 - 1) is NotifyResult.ABSENT
    assert await tell(which, child_pid=lambda: listener.pid) is NotifyResult.SENT
    assert listener.line() == "got SIGHUP"


async def test_nothing_stays_open(tmp_path, listener):
    before = descriptors()

    await tell(pid_file(tmp_path, listener.pid))
    await tell(model.Process(name="no-such-name"))

    assert descriptors() == before


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- other users, other namespaces ---------------------------------------------------------------

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_nobody(which: model.Process) -> str:
    """Tell in a child of another uid (forked: it may not read our interpreter's files)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            text = str(asyncio.run(tell(which)))
        except BaseException as exc:  # noqa: BLE001 - to be seen by the test
            text = f"{type(exc).__name__}: {exc}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return text


@needs_root
def test_a_process_of_another_user_gives_one_line_that_says_what_to_do(script):
    app = script("vi-of-root")

    assert as_nobody(model.Process(name="vi-of-root")) == (
        f"HookError: hook 'app': process {app.pid} (vi-of-root) runs as uid 0 and the injector as "
        "uid 65534, so sending SIGHUP is forbidden: a capability that a container adds counts for "
        "uid 0 only; run both as the same uid"
    )
    assert app.heard_only()


# A name of our own: other runs of the tests may be looking at the same processes.
IMITATED = f"vi-im-{os.getpid()}"


@pytest.fixture
def imitation(start: Start) -> Iterator[App]:
    """A process of nobody's that has the name of ours, and dies of SIGHUP."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder).chmod(0o755)
        path = shutil.copy(Path("/bin/sleep").resolve(), Path(folder) / IMITATED)
        yield start("setpriv", "--reuid=65534", "--clear-groups", str(path), "1000", ready="")


async def named(imitation: App) -> None:
    """Wait until it has its name: that comes with exec."""
    async with asyncio.timeout(5):
        while process(imitation.pid).name != IMITATED:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)


@needs_root
async def test_a_process_of_another_user_that_has_its_name_is_left_alone(script, imitation):
    ours, output = script(IMITATED), io.StringIO()
    await named(imitation)
    clock = SystemClock()
    how = signal_target(model.Process(name=IMITATED), clock, output)

    for _ in range(2):
        assert await how.notify(clock.wall()) is NotifyResult.SENT

    assert ours.heard_only("SIGHUP", "SIGHUP")
    assert imitation.lives()
    [said] = map(json.loads, output.getvalue().splitlines())
    assert said["event"] == "processes of other users left alone"
    assert said["signaled"] == [f"process {ours.pid} ({IMITATED})"]
    assert said["left_alone"] == [f"process {imitation.pid} ({IMITATED}) of uid 65534"]


@needs_root
async def test_the_user_whose_files_they_are_is_preferred_too(imitation):
    await named(imitation)

    for users in ((), (65534,)):  # the only one there is, and the one that is configured
        with pytest.raises(HookError, match=f"process {imitation.pid} .*be killed by it"):
            await tell(model.Process(name=IMITATED), users=users)
    with pytest.raises(HookError, match="be killed by it"):  # nobody of uid 4711, so whoever it is
        await tell(model.Process(name=IMITATED), users=(4711,))


@needs_root
def test_an_executable_of_another_user_gives_one_line_that_says_what_to_do(shell, start):
    app = start(str(shell), "-c", "echo ready; sleep 1000 & wait")

    text = as_nobody(model.Process(exe=str(shell)))

    assert f"cannot see whether process {app.pid} (vi-shell) runs {shell}" in text
    assert "CAP_SYS_PTRACE" in text
    assert "\n" not in text


@needs_root
def test_a_process_in_another_pid_namespace_gives_one_line_that_says_what_to_do(tmp_path):
    (tmp_path / "app.pid").write_text("77\n")
    (tmp_path / "own.pid").write_text("1\n")
    script = """
import os, sys
from injector.base.errors import HookError
from injector.targets.notify.find import View, by_pid_file, read_pid_file
from injector.targets.notify.processes import processes
for path in sys.argv[1:]:
    try: print(by_pid_file(read_pid_file(path), View(processes(), os.getpid())))
    except HookError as exc: print(exc)
from injector.config.model import Process
from injector.targets.notify.find import running
try: print(running(Process(name="gunicorn"), View(processes(), os.getpid())))
except HookError as exc: print(f"{type(exc).__name__}: {exc}")
"""
    paths = [str(tmp_path / "app.pid"), str(tmp_path / "own.pid")]
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    program = [sys.executable, "-c", script, *paths]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*unshare, *program], cwd=root, capture_output=True, text=True, check=False, timeout=20
    )
    if "unshare" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")

    unseen, itself, cannot = done.stdout.splitlines()

    assert cannot == (
        "Unseen: no process outside the injector's own container is visible, so gunicorn cannot be "
        "found: share the PID namespace (Kubernetes: `shareProcessNamespace: true`, Compose: "
        '`pid: "service:app"`)'
    )
    assert "says 77, but no process outside the injector's own container is visible" in unseen
    assert "says 1, which here is the injector itself" in itself
    assert "shareProcessNamespace: true" in unseen


def test_this_machine_is_not_mistaken_for_a_namespace_of_our_own(tmp_path, listener):
    file = read_pid_file(pid_file(tmp_path, listener.pid).pid_file)
    assert file is not None

    found = by_pid_file(file, View(processes(), os.getpid()))

    assert found is not None
    assert found.pid == listener.pid
