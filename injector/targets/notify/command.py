"""Runs a program to its end, or kills it and everything it started."""

import asyncio
import contextlib
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from injector.base.clock import Clock
from injector.base.context import Context
from injector.base.errors import HookError
from injector.targets.notify.output import Tail
from injector.targets.notify.protocol import NotifyResult
from injector.targets.program import signal_name, why_not_started

# Between SIGTERM and SIGKILL, in seconds.
STOP_GRACE = 2.0
# How long we block until a killed process is gone; it takes milliseconds.
REAP_LIMIT = 0.5
LONGEST_SHOWN = 200
PIPE_CAPACITY = 64 * 1024
IF_TOO_LARGE = "remove variables from the injector's own, or shorten arguments"

# Our login credentials are not for the programs we start, nor do they speak to systemd for us.
_OURS = re.compile(r"(VAULT|BAO|INJECTOR)_(\w+_)?(TOKEN|SECRET_ID|JWT|PASSWORD)|NOTIFY_SOCKET")


class CommandTarget:
    """An application that is notified by running a program."""

    def __init__(self, argv: Sequence[str], context: Context, *, timeout: float) -> None:
        self._argv = argv
        self._context = context
        self._timeout = timeout

    async def notify(self, written_at: float) -> NotifyResult:  # noqa: ARG002 - a command always runs
        await run_command(self._argv, self._context, timeout=self._timeout)
        return NotifyResult.SENT


async def run_command(
    argv: Sequence[str],
    context: Context,
    *,
    timeout: float,  # noqa: ASYNC109 - it ends processes, not only the waiting
    cwd: str | None = None,
) -> str:
    """Return the redacted end of what it printed; raise HookError unless it exits with 0.

    What is left of its process group after `timeout`, or when the caller is cancelled, is killed.
    A program that it deliberately leaves running stays, but its output is not read.
    """
    clock, redact = context.clock, context.redactor.redact
    shown = _shown(argv, redact)
    try:
        running = _start(argv, passed_on(context.environ), cwd)
    except (OSError, ValueError) as exc:
        why = why_not_started(exc, if_too_large=IF_TOO_LARGE, cwd=cwd)
        raise HookError(f"{shown} {why}") from exc
    with running:
        try:
            async with clock.deadline(timeout):
                await running.exited.wait()
        except TimeoutError:
            await running.stop(clock)
            end = f"did not end within {round(timeout, 1):g} s and was killed"
            raise HookError(_sentence(shown, end, running.output(redact))) from None
        except asyncio.CancelledError:
            await running.stop(clock)
            raise
        code = running.reap()
        output = running.output(redact)
    if code != 0:
        raise HookError(_sentence(shown, _ending(code), output))
    return output


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not _OURS.fullmatch(name)}


def _start(argv: Sequence[str], environ: Mapping[str, str], cwd: str | None) -> "_Running":
    process = subprocess.Popen(
        argv,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=environ,
        cwd=cwd,
    )
    try:
        return _Running(process, os.pidfd_open(process.pid))
    except OSError:
        with process:
            process.kill()
        raise


class _Running:
    """A started program with its process group, and the end of what they print.

    The program is not reaped before the group needs no more signals: until then its pid, which is
    also the group's, cannot be reused.
    """

    def __init__(self, process: subprocess.Popen[bytes], pidfd: int) -> None:
        assert process.stdout is not None
        self.exited = asyncio.Event()
        self._silent = asyncio.Event()
        self._interrupted = False
        self._process = process
        self._pidfd = pidfd
        self._stdout = process.stdout
        self._tail = Tail()
        self._loop = asyncio.get_running_loop()
        os.set_blocking(self._stdout.fileno(), False)

    def __enter__(self) -> None:
        self._loop.add_reader(self._pidfd, self._on_exit)
        self._loop.add_reader(self._stdout, self._read)

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._pidfd)
        self._loop.remove_reader(self._stdout)
        os.close(self._pidfd)
        self._stdout.close()

    def _on_exit(self) -> None:
        self._loop.remove_reader(self._pidfd)
        # All that the program printed is in the pipe by now: one read empties it, another may see
        # its end. We do not wait for that, since a grandchild can hold the pipe open forever.
        self._read()
        self._read()
        self.exited.set()

    def _read(self) -> None:
        try:
            chunk = os.read(self._stdout.fileno(), PIPE_CAPACITY)
        except BlockingIOError:
            return
        self._tail.add(chunk)
        if not chunk:
            self._loop.remove_reader(self._stdout)
            self._silent.set()

    def output(self, redact: Callable[[str], str]) -> str:
        """Return the end of the output, once the program has been reaped."""
        whole = self._silent.is_set() and not self._interrupted and self._process.returncode >= 0
        return self._tail.text(redact, complete=whole)

    async def stop(self, clock: Clock) -> None:
        """Stop the whole group: SIGTERM, then SIGKILL for what is left after a grace period."""
        self._interrupted = True
        try:
            self._signal_group(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with clock.deadline(STOP_GRACE):
                    await self.exited.wait()
                    await self._silent.wait()  # how we learn that the grandchildren have ended
        finally:
            self._signal_group(signal.SIGKILL)
            # A process that is stuck in the kernel, or not ours to kill, is reaped by `subprocess`
            # when the next one is started.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.reap()

    def reap(self) -> int:
        """Return the exit code of the program, which has ended or is just being killed."""
        return self._process.wait(REAP_LIMIT)

    def _signal_group(self, number: signal.Signals) -> None:
        # EPERM: everything that is left in the group runs as another user (sudo).
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _shown(argv: Sequence[str], redact: Callable[[str], str]) -> str:
    # Redact before quoting, which would disguise a value that contains a quote. Neither paths nor
    # the program's name are secret.
    words = [*argv[:1], *(word if word.startswith("/") else redact(word) for word in argv[1:])]
    line = " ".join(shlex.join(words).split())
    return f"`{line if len(line) <= LONGEST_SHOWN else line[:LONGEST_SHOWN] + '…'}`"


def _ending(code: int) -> str:
    return f"exited with {code}" if code >= 0 else f"was ended by {signal_name(-code)}"


def _sentence(program: str, ending: str, output: str) -> str:
    return f"{program} {ending}: {output}" if output else f"{program} {ending}"
