"""Handles operating-system signals for a limited time."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

# Signals that were ignored when this process was started. We handle them all the same, as other
# daemons do: `nohup` is no reason not to reload. Python itself ignores SIGPIPE and SIGXFSZ.
IGNORED = frozenset(
    number
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}
    if signal.getsignal(number) is signal.SIG_IGN
)


_OURS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
_NEVER_HANDLED = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE}
# Raised by what this process does itself.
_FAULTS = {
    signal.SIGILL,
    signal.SIGTRAP,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGSEGV,
    signal.SIGSYS,
}
# Sent by the kernel for what this process has done: the timer of a library, a limit of its own.
_TIMERS_AND_LIMITS = {
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGXCPU,
    signal.SIGXFSZ,
}
# What the supervised command gets of the signals that are sent to us.
FORWARDED = frozenset(
    signal.valid_signals() - _OURS - _NEVER_HANDLED - _FAULTS - _TIMERS_AND_LIMITS
)
# Signals without a meaning here, which would end the process all the same. SIGQUIT is meant to.
UNUSED = (FORWARDED | _TIMERS_AND_LIMITS) - {
    signal.SIGQUIT,
    signal.SIGXFSZ,  # ignored by Python: the write fails
    # These end no process.
    signal.SIGCONT,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGURG,
    signal.SIGWINCH,
}


@contextmanager
def handling(reactions: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Call the reaction when its signal arrives, in the running loop.

    Signals that cannot be caught are left out: the kernel keeps some for itself, and so do valgrind
    and others that watch over a process.
    """
    loop = asyncio.get_running_loop()
    for number, reaction in reactions.items():
        with suppress(RuntimeError):  # it cannot be caught
            loop.add_signal_handler(number, reaction)
    try:
        yield
    finally:
        for number in reactions:
            loop.remove_signal_handler(number)


class Stop:
    """Remembers which signal asked to stop. A second one is not handled: it kills the process.

    With a supervised command, it kills the command instead: `kill`.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self.signal: signal.Signals | None = None
        self.kill: Callable[[], None] | None = None
        self._ring = ring

    def reactions(self) -> dict[signal.Signals, Callable[[], None]]:
        return {number: partial(self.ask, number) for number in STOPPING}

    def ask(self, number: signal.Signals) -> None:
        if self.signal is not None and self.kill is not None:
            self.kill()
            return
        self.signal = number
        if self.kill is None:
            loop = asyncio.get_running_loop()
            for handled in STOPPING:
                loop.remove_signal_handler(handled)
        self._ring()


STOPPING = (signal.SIGTERM, signal.SIGINT)
