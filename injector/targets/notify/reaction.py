"""Decides what a signal would do to a process. Nothing is sent."""

import signal
from enum import Enum, auto

from injector.targets.notify.processes import MayKill, Process, Status

_IGNORED_BY_DEFAULT = {signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT}


class Reaction(Enum):
    """How a process would react to a signal now."""

    HANDLED = auto()
    WAITS = auto()  # blocked: the program reads it with sigwait() or a signalfd
    UNNOTICED = auto()
    FATAL = auto()


def reaction(number: int, status: Status) -> Reaction:
    """Decide from the masks of the process; Go programs claim to handle everything."""
    bit = 1 << (number - 1)
    if status.caught & bit:
        return Reaction.HANDLED
    if status.blocked & bit:
        return Reaction.WAITS
    if status.ignored & bit or number in _IGNORED_BY_DEFAULT or status.init:
        return Reaction.UNNOTICED
    return Reaction.FATAL


def objection(process: Process, number: signal.Signals, status: Status) -> str | None:
    """Return why the signal should not be sent."""
    match reaction(number, status):
        case Reaction.FATAL:
            return (
                f"{process} does not handle {number.name} and would be killed by it; it was not "
                "sent. Choose the signal that reloads it, or set `force: true`"
            )
        case Reaction.UNNOTICED:
            return (
                f"{process} ignores {number.name}, so it would not notice; it was not sent. "
                "Choose the signal that reloads it, or set `force: true`"
            )
        case _:
            return None


def refusal(
    process: Process,
    number: signal.Signals,
    status: Status,
    our_user: int,
    may_kill: MayKill = MayKill.NO,
) -> str:
    """Explain EPERM, and what to do; the kernel's rule is in kill(2)."""
    if our_user in (status.user, status.saved_user):
        return (
            f"{process} has our own uid {our_user}, yet sending {number.name} is forbidden; "
            "look for an AppArmor, SELinux or seccomp rule"
        )
    who = f"{process} runs as uid {status.user} and the injector as uid {our_user}"
    match may_kill:
        case MayKill.YES:
            return (
                f"{who}, and sending {number.name} is forbidden although it has CAP_KILL; look "
                "for another user namespace, or an AppArmor, SELinux or seccomp rule"
            )
        case MayKill.NOT_AS_THIS_USER:
            return (
                f"{who}, so sending {number.name} is forbidden: a capability that a container adds "
                "counts for uid 0 only; run both as the same uid"
            )
    return (
        f"{who}, so sending {number.name} is forbidden; run both as the same uid, or the injector "
        "as uid 0 with CAP_KILL"
    )
