"""Finds the processes of a command: its group, and all that it and its members have started."""

import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from injector.targets.notify.processes import GONE, Process, ancestry, process, processes


def family(
    leader: int, seen: Mapping[int, Process], group_of: Callable[[int], int | None]
) -> set[Process]:
    """Return the running members, without the leader.

    Ancestry finds those with their own group, such as a shell's jobs; the group finds those whose
    parent has exited.
    """
    return {
        member
        for member in seen.values()
        if member.pid != leader
        and not member.zombie
        and (leader in ancestry(member.pid, seen) or group_of(member.pid) == leader)
    }


def now(leader: int) -> set[Process]:
    """Return the family as it is now."""
    return family(leader, processes(), _group_of)


def running(members: Iterable[Process]) -> set[Process]:
    """Return those of them that still run."""
    return {member for member in members if _runs(member)}


def send(member: Process, number: signal.Signals) -> None:
    """Signal this very process, or none: its pid may have been reused."""
    with suppress(ProcessLookupError, PermissionError):
        pidfd = os.pidfd_open(member.pid)
        try:
            if _runs(member):
                signal.pidfd_send_signal(pidfd, number)
        finally:
            os.close(pidfd)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _runs(member: Process) -> bool:
    try:
        found = process(member.pid)
    except GONE:
        return False
    return found.started == member.started and not found.zombie
