"""How signals are forwarded to the supervised command."""

import signal
from collections.abc import Callable
from functools import partial

from injector.targets.child.command import Command

Signals = signal.Signals

# Sent to a whole group: a command that shares our terminal gets them without us.
_JOB_CONTROL = {
    Signals.SIGTSTP,
    Signals.SIGTTIN,
    Signals.SIGTTOU,
    Signals.SIGCONT,
    Signals.SIGWINCH,
}


def reactions(command: Command, forwarded: frozenset[Signals]) -> dict[Signals, Callable[[], None]]:
    """Return the reaction to each signal while there is a command."""
    if command.terminal is None:
        return {number: partial(command.send, number) for number in forwarded}
    return {
        **{number: partial(command.send, number) for number in forwarded - _JOB_CONTROL},
        Signals.SIGQUIT: partial(_quit, command),
        Signals.SIGCHLD: command.follow,
    }


def _quit(command: Command) -> None:
    """Forward it, unless it was typed: a command that shares our terminal got it too."""
    if not command.shares_terminal:
        command.send(Signals.SIGQUIT)
