"""Selects the processes that the configuration means. Nothing is signaled here."""

import errno
import os
import re
import stat
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from injector.base import safe_open
from injector.base.errors import HookError, unreadable
from injector.config import model
from injector.targets.notify import processes
from injector.targets.notify.processes import Process, Status, ancestry, tops
from injector.targets.notify.protocol import Unseen

LONGEST_NAME = 15  # in bytes; the kernel cuts longer names
SHARE = (
    "share the PID namespace (Kubernetes: `shareProcessNamespace: true`, "
    'Compose: `pid: "service:app"`)'
)
_PID = re.compile(rb"[ \t]*([0-9]{1,10})[ \t\r]*(\n|$)")
_PID_FILE_READ = 64


@dataclass(frozen=True, slots=True)
class View:
    """The visible processes, and which of them is the injector."""

    processes: Mapping[int, Process]
    own: int

    def family(self) -> set[int]:
        """Return the injector and its ancestors, which are never signaled."""
        return ancestry(self.own, self.processes) | {self.own}

    def alone(self) -> bool:
        """Return whether all visible processes are the injector, its ancestors or its children."""
        family = self.family()
        return all(
            pid in family or self.own in ancestry(pid, self.processes) for pid in self.processes
        )

    def others(self) -> list[Process]:
        family = self.family()
        return [process for pid, process in self.processes.items() if pid not in family]


@dataclass(frozen=True, slots=True)
class PidFile:
    """The content of a pid file, its owner, and when it was written on the wall clock."""

    path: str
    pid: int
    written_at: float
    owner: int


def read_pid_file(path: str) -> PidFile | None:
    """Read the number in a file's first line; None if there is no such file."""
    try:
        with open(safe_open.anything(path, os.O_RDONLY), "rb") as file:
            line, found = file.read(_PID_FILE_READ), os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise HookError(
                f"{path} is a symbolic link, which somebody may have planted: write the path that "
                f"it leads to ({os.path.realpath(path)})"
            ) from exc
        raise HookError(f"cannot read {path}: {unreadable(exc)}") from exc
    if not stat.S_ISREG(found.st_mode):
        raise HookError(
            f"{path} is not a regular file: name the pid file that the application writes"
        )
    if not line.strip():
        raise HookError(f"{path} is empty; it should hold the number of a process")
    number = _PID.match(line)
    if number is None or int(number[1]) == 0:
        raise HookError(
            f"the first line of {path} is not the number of a process: name its pid file"
        )
    return PidFile(path, int(number[1]), found.st_mtime, found.st_uid)


def require_trusted(file: PidFile, process: Process, status: Status, our_user: int) -> None:
    """Raise HookError if a pid file's owner has no business with the process it names."""
    if file.owner not in {0, our_user, status.user, status.saved_user}:
        raise HookError(
            f"{file.path} belongs to uid {file.owner} and names {process}, which runs as uid "
            f"{status.user}: let root or that uid write it"
        )


def by_pid_file(file: PidFile, view: View) -> Process | None:
    """Select the process that the file names.

    PID 1 may be the application, when the injector has joined its namespace. Otherwise it is an
    ancestor of the injector, and the file comes from a namespace where 1 is another process.
    """
    if file.pid in view.family():
        who = "the injector itself" if file.pid == view.own else "a process that started it"
        raise HookError(
            f"{file.path} says {file.pid}, which here is {who}: if the file was written in "
            f"another container, {SHARE}"
        )
    if file.pid not in view.processes and view.alone():
        raise HookError(
            f"{file.path} says {file.pid}, but no process outside the injector's own container is "
            f"visible: {SHARE}"
        )
    return view.processes.get(file.pid)


def running(which: model.Process, view: View) -> list[Process]:
    """Select by name or executable; raises Unseen if only our own container is visible.

    Raises HookError if it cannot be known which process is meant.
    """
    if which.name:
        found = by_name(which.name, view, processes.arguments)
    else:
        found = by_exe(which.exe, view, processes.executable)
    if not found and view.alone():
        raise Unseen(
            f"no process outside the injector's own container is visible, so "
            f"{which.name or which.exe} cannot be found: {SHARE}"
        )
    return found


def of_users(
    matches: Iterable[Process], users: Container[int], status: Callable[[int], Status]
) -> tuple[list[Process], dict[Process, int]]:
    """Return those of these users, and the others with their uids; all if none is of these.

    Every user can give a process any name: it must not be taken for the application.
    """
    right, others = [], {}
    for process in matches:
        try:
            found = status(process.pid)
        except processes.GONE:
            continue
        if found.user in users or found.saved_user in users:
            right.append(process)
        else:
            others[process] = found.user
    return (right, others) if right else (list(others), {})


def by_name(name: str, view: View, arguments: Callable[[int], Iterable[str]]) -> list[Process]:
    """Select by the kernel's name; longer names must also be at the front of the command line."""
    cut = os.fsdecode(os.fsencode(name)[:LONGEST_NAME])

    def matches(process: Process) -> bool:
        if process.name != cut:
            return False
        # Of a script, the first words are the interpreter, at most one option, and the script.
        words = list(arguments(process.pid))[:3] if cut != name else [name]
        return any(PurePath(word).name == name for word in words)

    return tops([process for process in view.others() if matches(process)])


def by_exe(path: str, view: View, executable: Callable[[int], str | None]) -> list[Process]:
    """Select by the path of the executable, which only the same user may read."""
    name = os.fsdecode(os.fsencode(PurePath(path).name)[:LONGEST_NAME])
    found, hidden = [], []
    for process in view.others():
        theirs = executable(process.pid)
        if theirs == path:
            found.append(process)
        elif theirs is None and process.name == name and not process.zombie:
            hidden.append(process)
    if hidden and not found:
        raise HookError(
            f"cannot see whether {tops(hidden)[0]} runs {path}: run the injector as the same uid, "
            "give it CAP_SYS_PTRACE, or use `process.name` or `process.pid_file`"
        )
    return tops(found)
