"""Notifies by signal: finds the process, verifies it, and makes sure that it survives."""

import os
import select
import signal
from collections.abc import Callable

from injector.clock import Clock
from injector.config import model
from injector.errors import HookError
from injector.notify import processes
from injector.notify.find import (
    View,
    by_exe,
    by_name,
    by_pid_file,
    read_pid_file,
    require_trusted,
)
from injector.notify.outcome import Outcome
from injector.notify.processes import GONE, Process, started_after
from injector.notify.reaction import objection, refusal

# The coarse clock of file times and the ticks of process times, in seconds.
CLOCK_SLACK = 0.02
# A pid file may be dated by another clock than its process, and /proc rounds. A number is not used
# again that fast.
PID_FILE_SLACK = 2.0


class SignalTarget:
    """An application that is notified by signal; it may be several processes of the same name."""

    def __init__(
        self,
        number: str,
        which: model.Process,
        *,
        clock: Clock,
        child_pid: Callable[[], int | None],
    ) -> None:
        self._number = signal.Signals[number]
        self._which = which
        self._clock = clock
        self._child_pid = child_pid

    async def notify(self, written_at: float) -> Outcome:
        """Signal every matching process; a failure for one does not affect the others."""
        outcomes, problems = set(), []
        for process in self._meant():
            try:
                outcomes.add(self._signal(process, written_at))
            except HookError as exc:
                problems.append(str(exc))
        if problems:
            raise HookError("; ".join(problems))
        return next((o for o in (Outcome.SENT, Outcome.CURRENT) if o in outcomes), Outcome.ABSENT)

    def _meant(self) -> list[Process]:
        if self._which.child:
            return self._child()
        view = View(processes.processes(), os.getpid())
        if self._which.pid_file:
            return self._in_pid_file(view)
        if self._which.name:
            return by_name(self._which.name, view, processes.arguments)
        return by_exe(self._which.exe, view, processes.executable)

    def _child(self) -> list[Process]:
        pid = self._child_pid()
        try:
            return [] if pid is None else [processes.process(pid)]
        except GONE:
            return []

    def _in_pid_file(self, view: View) -> list[Process]:
        file = read_pid_file(self._which.pid_file)
        process = None if file is None else by_pid_file(file, view)
        if file is None or process is None:
            return []
        # A process writes its own number, or its parent does right after starting it. A younger
        # process is another program that was given the same number.
        file_age = self._clock.wall() - file.written_at
        if started_after(self._age(process), file_age, slack=PID_FILE_SLACK):
            return []
        try:
            status = processes.status(process.pid)
        except GONE:
            return []
        require_trusted(file, process, status, os.geteuid())
        return [process]

    def _signal(self, process: Process, written_at: float) -> Outcome:
        try:
            pidfd = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return Outcome.ABSENT
        except OSError as exc:
            raise HookError(
                f"cannot get a handle on {process}: {exc.strerror}; this needs Linux 5.3 or later "
                "and a seccomp profile that allows pidfd_open"
            ) from exc
        try:
            return self._signal_through(pidfd, process, written_at)
        except GONE:
            return Outcome.ABSENT
        finally:
            os.close(pidfd)

    def _signal_through(self, pidfd: int, process: Process, written_at: float) -> Outcome:
        now, status = processes.process(process.pid), processes.status(process.pid)
        # Still running after these reads: so they were about the process that the pidfd holds.
        if ended(pidfd) or now != process:
            return Outcome.ABSENT
        # The process's age last: if time passes between, it is notified once too often, not never.
        event_age = self._clock.wall() - written_at
        if started_after(self._age(process), event_age, slack=CLOCK_SLACK):
            return Outcome.CURRENT
        problem = None if self._which.force else objection(process, self._number, status)
        if problem is not None:
            raise HookError(problem)
        try:
            signal.pidfd_send_signal(pidfd, self._number)
        except PermissionError as exc:
            raise HookError(refusal(process, self._number, status, os.geteuid())) from exc
        return Outcome.SENT

    def _age(self, process: Process) -> float:
        return self._clock.now() - process.started


def ended(pidfd: int) -> bool:
    """Return whether the process has ended; it may be a zombie that nobody has reaped."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
