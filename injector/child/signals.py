"""Which signals are forwarded to the supervised command, and how."""

import signal
from collections.abc import Callable
from functools import partial

from injector.child.command import Command

Signals = signal.Signals

_OURS = {Signals.SIGTERM, Signals.SIGINT, Signals.SIGHUP, Signals.SIGUSR1}
_NOBODYS = {Signals.SIGKILL, Signals.SIGSTOP, Signals.SIGCHLD, Signals.SIGPIPE}
# Raised by what this process does itself.
_FAULTS = {
    Signals.SIGILL,
    Signals.SIGTRAP,
    Signals.SIGABRT,
    Signals.SIGBUS,
    Signals.SIGFPE,
    Signals.SIGSEGV,
    Signals.SIGSYS,
}
# Sent to a whole group: a command that shares our terminal gets them without us.
_JOB_CONTROL = {
    Signals.SIGTSTP,
    Signals.SIGTTIN,
    Signals.SIGTTOU,
    Signals.SIGCONT,
    Signals.SIGWINCH,
}


def reactions(command: Command) -> dict[Signals, Callable[[], None]]:
    """Return the reaction to each signal while there is a command."""
    passed_on = signal.valid_signals() - _OURS - _NOBODYS - _FAULTS
    if command.terminal is None:
        return {number: partial(command.send, number) for number in passed_on}
    return {
        **{number: partial(command.send, number) for number in passed_on - _JOB_CONTROL},
        Signals.SIGQUIT: partial(_quit, command),
        Signals.SIGCHLD: command.follow,
    }


def _quit(command: Command) -> None:
    """Forward it, unless it was typed: a command that shares our terminal got it too."""
    if not command.shares_terminal:
        command.send(Signals.SIGQUIT)
