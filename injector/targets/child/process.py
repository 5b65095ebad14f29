"""One run of the command: started, signaled, and stopped with everything it started."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from injector.base.clock import Clock
from injector.base.errors import HookError
from injector.targets.child import family
from injector.targets.child.environment import for_exec
from injector.targets.child.policy import Ending
from injector.targets.child.terminal import Terminal
from injector.targets.notify.processes import Process as Relative
from injector.targets.program import why_not_started

# How often to check whether what the command left behind has exited, and how long to wait for the
# kernel to end what was killed. Seconds.
LOOK_EVERY, KILLED_WITHIN = 0.05, 2.0
# A shell's exit codes.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
IF_TOO_LARGE = "write large values to files with `template:`"


class CannotStart(HookError):
    """The command cannot be started; `status` is the exit code of a shell."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that a start depends on: if it is equal, no restart is needed."""

    argv: tuple[str, ...]
    passed: Mapping[str, str] = field(repr=False)  # variables of our own environment
    masked: bool = False
    variables: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    ignored: frozenset[signal.Signals] = frozenset()


class Process:
    """The command while it runs.

    It is not reaped before its group needs no more signals: until then its pid, which may be the
    group's, cannot be reused.
    """

    def __init__(
        self, popen: subprocess.Popen[bytes], clock: Clock, on_end: Callable[[], None]
    ) -> None:
        self.pid = popen.pid
        self.ended = asyncio.Event()
        self.asked_to_end = False  # we told it to end, before it did
        self._popen = popen
        self._clock = clock
        self._on_end = on_end
        self._started_at = clock.now()
        self._loop = asyncio.get_running_loop()
        self._pidfd = os.pidfd_open(popen.pid)
        self._ending: Ending | None = None
        self._loop.add_reader(self._pidfd, self._note_end)

    def _note_end(self) -> None:
        self._loop.remove_reader(self._pidfd)
        self._ending = self._read_ending()
        self.ended.set()
        self._on_end()

    def send(self, number: int) -> None:
        """Send a signal to the command itself, not to what it started."""
        # EPERM: it runs as another user by now (sudo).
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._pidfd, number)

    async def stop(self, number: signal.Signals, *, within: float) -> bool:
        """Stop it, then what it left behind; kill the rest after a timeout.

        Return whether killing was not needed.
        """
        self.asked_to_end = self.asked_to_end or not self.has_ended
        relatives = family.now(self.pid)
        self.send(number)
        self.send(signal.SIGCONT)  # a stopped process does not react
        try:
            async with self._clock.deadline(within):
                await self.ended.wait()
                relatives = family.running(relatives | family.now(self.pid))
                for member in relatives:
                    family.send(member, number)
                while relatives := family.running(relatives):
                    await self._clock.sleep(LOOK_EVERY)
        except TimeoutError:
            await self._end(relatives)
            return False
        return True

    def kill(self) -> None:
        """Kill it and its family, now."""
        self._kill(family.now(self.pid))

    def _kill(self, left: set[Relative]) -> None:
        self.send(signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for member in left:
            family.send(member, signal.SIGKILL)

    async def _end(self, left: set[Relative]) -> None:
        """Kill them all, repeatedly until none is left that could have started another."""
        with suppress(TimeoutError):
            async with self._clock.deadline(KILLED_WITHIN):
                while (left := family.running(left | family.now(self.pid))) or not self.has_ended:
                    self._kill(left)
                    await self._clock.sleep(LOOK_EVERY)

    def has_stopped(self) -> bool:
        """Return whether it has been stopped since the last call."""
        with suppress(ChildProcessError):  # it has ended: its pidfd says so in a moment
            return os.waitid(os.P_PIDFD, self._pidfd, os.WSTOPPED | os.WNOHANG) is not None
        return False

    @property
    def has_ended(self) -> bool:
        return self.ended.is_set()

    def ending(self) -> Ending:
        """Return how it exited; one that is stuck in the kernel counts as killed."""
        return self._ending or self._read_ending()

    def _read_ending(self) -> Ending:
        """Ask the kernel, without reaping it."""
        found = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if found is None:
            status = -signal.SIGKILL
        else:
            status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        return Ending(status, self._clock.now() - self._started_at)

    def reap(self) -> None:
        """Reap it. If it has not exited yet, `subprocess` reaps it later."""
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._popen.poll()


def start(
    launch: Launch,
    *,
    terminal: Terminal | None,
    output: tuple[int | None, int | None],
    clock: Clock,
    on_end: Callable[[], None],
) -> Process:
    """Start the command; raises CannotStart.

    Without a terminal to share it gets its own process group, which can be stopped as a whole.
    """
    stdout, stderr = output
    environ = for_exec(launch.passed, launch.variables)
    with terminal.lend() if terminal is not None else nullcontext(), _ignoring(launch.ignored):
        try:
            popen = subprocess.Popen(
                launch.argv,
                # Use our own PATH if it gets none.
                executable=None if b"PATH" in environ else shutil.which(launch.argv[0]),
                env=environ,
                stdout=stdout,
                stderr=stderr,
                process_group=None if terminal is not None else 0,
            )
        except (OSError, ValueError) as exc:
            raise _cannot_start(launch.argv[0], exc) from exc
    try:
        return Process(popen, clock, on_end)
    except OSError as exc:
        popen.kill()
        popen.wait()
        raise CannotStart(
            f"cannot get a handle on process {popen.pid}: {exc.strerror}; this needs Linux 5.3 or "
            "later and a seccomp profile that allows pidfd_open",
            NOT_EXECUTABLE,
        ) from exc


@contextmanager
def _ignoring(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Ignore these for a moment: the new program inherits ignored signals, but not handlers."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
            signal.siginterrupt(number, False)  # asyncio had set this


def _cannot_start(program: str, error: OSError | ValueError) -> CannotStart:
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    why = why_not_started(error, if_too_large=IF_TOO_LARGE)
    return CannotStart(f"`{program}` {why}", NOT_FOUND if missing else NOT_EXECUTABLE)
