"""Notifies by signal: finds the process, verifies it, and makes sure that it survives."""

import os
import select
import signal
from collections.abc import Callable, Collection

from injector.base.context import Context
from injector.base.errors import HookError
from injector.config import model
from injector.targets.notify import processes
from injector.targets.notify.find import (
    View,
    by_pid_file,
    of_users,
    read_pid_file,
    require_trusted,
    running,
)
from injector.targets.notify.processes import GONE, Process, may_kill, started_after
from injector.targets.notify.protocol import NotifyResult
from injector.targets.notify.reaction import objection, refusal

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
        context: Context,
        *,
        users: Collection[int],
        child_pid: Callable[[], int | None],
    ) -> None:
        self._number = signal.Signals[number]
        self._which = which
        self._users = {os.geteuid(), *users}
        self._clock = context.clock
        self._log = context.log
        self._child_pid = child_pid
        # What became of the last change, by its time on the wall clock: if one process failed,
        # all are tried again, but only that one is signaled.
        self._heard: tuple[float, dict[Process, NotifyResult]] = (0.0, {})
        self._left_alone: dict[Process, int] = {}  # those that the log has mentioned

    async def notify(self, written_at: float) -> NotifyResult:
        """Signal every matching process; a failure for one does not affect the others.

        When it is tried again, those that were signaled are not signaled a second time.
        """
        of, heard = self._heard
        heard = heard if of == written_at else {}
        outcomes, problems = {}, []
        for process in self._meant():
            try:
                outcomes[process] = heard.get(process) or self._signal(process, written_at)
            except HookError as exc:
                problems.append(str(exc))
        self._heard = (written_at, outcomes if problems else {})
        if problems:
            raise HookError("; ".join(problems))
        found = set(outcomes.values())
        return next(
            (o for o in (NotifyResult.SENT, NotifyResult.CURRENT) if o in found),
            NotifyResult.ABSENT,
        )

    def _meant(self) -> list[Process]:
        if self._which.child:
            return self._child()
        view = View(processes.processes(), os.getpid())
        if self._which.pid_file:
            return self._in_pid_file(view)
        right, others = of_users(running(self._which, view), self._users, processes.status)
        if others and others != self._left_alone:
            self._log.warning(
                "processes of other users left alone",
                signaled=list(map(str, right)),
                left_alone=[f"{other} of uid {user}" for other, user in others.items()],
            )
        self._left_alone = others
        return right

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

    def _signal(self, process: Process, written_at: float) -> NotifyResult:
        try:
            pidfd = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return NotifyResult.ABSENT
        except OSError as exc:
            raise HookError(
                f"cannot get a handle on {process}: {exc.strerror}; this needs Linux 5.3 or later "
                "and a seccomp profile that allows pidfd_open"
            ) from exc
        try:
            return self._signal_through(pidfd, process, written_at)
        except GONE:
            return NotifyResult.ABSENT
        finally:
            os.close(pidfd)

    def _signal_through(self, pidfd: int, process: Process, written_at: float) -> NotifyResult:
        now, status = processes.process(process.pid), processes.status(process.pid)
        # Still running after these reads: so they were about the process that the pidfd holds.
        if has_ended(pidfd) or now != process:
            return NotifyResult.ABSENT
        # The process's age last: if time passes between, it is notified once too often, not never.
        event_age = self._clock.wall() - written_at
        if started_after(self._age(process), event_age, slack=CLOCK_SLACK):
            return NotifyResult.CURRENT
        problem = None if self._which.force else objection(process, self._number, status)
        if problem is not None:
            raise HookError(problem)
        try:
            signal.pidfd_send_signal(pidfd, self._number)
        except PermissionError as exc:
            why = refusal(process, self._number, status, os.geteuid(), may_kill())
            raise HookError(why) from exc
        return NotifyResult.SENT

    def _age(self, process: Process) -> float:
        return self._clock.now() - process.started


def has_ended(pidfd: int) -> bool:
    """Return whether the process has ended; it may be a zombie that is not reaped yet."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
