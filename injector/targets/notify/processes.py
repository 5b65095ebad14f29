"""Reads processes from /proc. Parsing is pure; nothing is decided here."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# What a read from /proc raises when the process has gone, before or during the read.
GONE = (FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True)
class Process:
    """A process. Its pid and start time together identify it forever; a pid alone is reused."""

    pid: int
    parent: int = field(compare=False)  # another one once the parent has ended
    # The kernel's `comm`, 15 bytes at most: it changes at exec, or if the program sets it.
    name: str = field(compare=False)
    started: float  # seconds after boot, on CLOCK_BOOTTIME
    zombie: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})"


@dataclass(frozen=True, slots=True)
class Status:
    """Who may signal a process, and its signal masks: bit n-1 is signal n.

    `blocked` is the main thread's. A program that blocks a signal there reads it in another thread.
    """

    user: int
    saved_user: int
    init: bool  # PID 1 of its namespace: signals that it does not catch do not reach it
    caught: int
    ignored: int
    blocked: int


def parse_stat(text: str) -> Process:
    """Parse /proc/PID/stat; the name may hold spaces and parentheses."""
    head, _, tail = text.rpartition(") ")
    pid, _, name = head.partition(" (")
    fields = tail.split()  # from field 3 of proc_pid_stat(5) on
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        name=name,
        started=int(fields[19]) / TICKS_PER_SECOND,
        zombie=fields[0] == "Z",
    )


def parse_status(text: str) -> Status:
    """Parse /proc/PID/status."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    user, _, saved_user, _ = fields["Uid"].split()
    return Status(
        user=int(user),
        saved_user=int(saved_user),
        init=fields.get("NSpid", "").split()[-1:] == ["1"],
        caught=int(fields["SigCgt"], 16),
        ignored=int(fields["SigIgn"], 16),
        blocked=int(fields["SigBlk"], 16),
    )


_KILL = 1 << 5  # CAP_KILL, capability.h


class MayKill(Enum):
    """Whether this process may signal those of others."""

    NO = auto()
    NOT_AS_THIS_USER = auto()  # the container has the capability, and only root gets it
    YES = auto()


def parse_may_kill(text: str) -> MayKill:
    """Read from /proc/PID/status what CAP_KILL does for a process."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    if int(fields["CapEff"], 16) & _KILL:
        return MayKill.YES
    return MayKill.NOT_AS_THIS_USER if int(fields["CapBnd"], 16) & _KILL else MayKill.NO


def may_kill() -> MayKill:
    return parse_may_kill(_text("/proc/self/status"))


def process(pid: int) -> Process:
    """Read one process; raises one of GONE."""
    return parse_stat(_text(f"/proc/{pid}/stat"))


def processes() -> dict[int, Process]:
    """Read every process that this PID namespace shows."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                found[int(entry.name)] = process(int(entry.name))
            except (*GONE, PermissionError):  # hidden from us (hidepid) is as good as gone
                continue
    return found


def status(pid: int) -> Status:
    """Read the status of a process; raises one of GONE."""
    return parse_status(_text(f"/proc/{pid}/status"))


def arguments(pid: int) -> list[str]:
    """Return its command line, or nothing when it has gone."""
    try:
        return _text(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
    except GONE:
        return []


def executable(pid: int) -> str | None:
    """Return the path of its executable, empty when there is none, None when it is not shown."""
    try:
        return str(Path(f"/proc/{pid}/exe").readlink()).removesuffix(" (deleted)")
    except GONE:
        return ""
    except PermissionError:
        return None


def ancestry(pid: int, seen: Mapping[int, Process]) -> set[int]:
    """Return `pid`, its parent, and so on up to the first that is not shown."""
    line: set[int] = set()
    while pid in seen and pid not in line:
        line.add(pid)
        pid = seen[pid].parent
    return line


def tops(matches: Collection[Process]) -> list[Process]:
    """Leave out those whose parent matches too: a server handles its own workers."""
    pids = {match.pid for match in matches}
    return [match for match in matches if match.parent not in pids]


def started_after(age: float, event_age: float, *, slack: float) -> bool:
    """Return whether something `age` seconds old started after an event `event_age` seconds ago.

    Ages, not dates: they are from two clocks, and a step of the wall clock affects only one. A
    negative age means an unreliable clock, and is no reason to skip a notification.
    """
    return 0 <= age < event_age - slack


def _text(path: str) -> str:
    return os.fsdecode(Path(path).read_bytes())
