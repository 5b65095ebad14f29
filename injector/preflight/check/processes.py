"""Checks whether a signal would reach its process and be handled, without sending it."""

import os
import signal
from collections.abc import Collection, Iterator

from injector.base.errors import HookError
from injector.config import model
from injector.preflight.check.finding import Finding, note, ok, problem
from injector.targets.notify import find, processes
from injector.targets.notify.processes import GONE, Process
from injector.targets.notify.reaction import objection, refusal


def check_processes(
    about: str, number: signal.Signals, which: model.Process, users: Collection[int]
) -> Iterator[Finding]:
    """Check each process that would be signaled now; see `notify.find` for `users`."""
    if which.child:
        return  # we start it, as our own user
    try:
        meant, others = _meant(which, {os.geteuid(), *users})
    except HookError as exc:
        yield problem(about, str(exc), like=exc)
        return
    if not meant:
        yield note(about, f"{_written(which)} is not running, so it would not be notified now")
    for process, user in others.items():
        yield note(about, f"{process} of uid {user} would be left alone: it is another user's")
    for process in meant:
        yield _reaction(about, number, which, process)


def _written(which: model.Process) -> str:
    if which.pid_file:
        return f"what {which.pid_file} names"
    return which.name or which.exe


def _meant(which: model.Process, users: set[int]) -> tuple[list[Process], dict[Process, int]]:
    view = find.View(processes.processes(), os.getpid())
    if which.pid_file:
        file = find.read_pid_file(which.pid_file)
        process = None if file is None else find.by_pid_file(file, view)
        return ([] if process is None else [process]), {}
    return find.of_users(find.running(which, view), users, processes.status)


def _reaction(
    about: str, number: signal.Signals, which: model.Process, process: Process
) -> Finding:
    try:
        status = processes.status(process.pid)
        pidfd = os.pidfd_open(process.pid)
    except GONE:
        return note(about, f"{process} has just ended")
    except OSError as exc:
        text = f"cannot get a handle on {process}: {exc.strerror}"
        remedy = "this needs Linux 5.3, and a seccomp profile that allows pidfd_open"
        return problem(about, text, remedy, like=HookError)
    try:
        signal.pidfd_send_signal(pidfd, 0)  # checks permission without sending anything
    except PermissionError:
        text = refusal(process, number, status, os.geteuid(), processes.may_kill())
        return problem(about, text, like=HookError)
    except GONE:
        return note(about, f"{process} has just ended")
    finally:
        os.close(pidfd)
    if not which.force and (why_not := objection(process, number, status)):
        return problem(about, why_not, like=HookError)
    return ok(about, f"{process} handles {number.name}, and uid {os.geteuid()} may send it")
