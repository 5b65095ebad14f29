"""Decides what follows when the command exits by itself. Nothing is started or waited for."""

import signal
from dataclasses import dataclass

from injector.secret import backoff
from injector.targets.program import how_ended

# Waits before a crashed command is started again, in seconds.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
# A command that has run this long has recovered: the next crash counts as the first.
STEADY = 60.0
# Signals by which a command is asked to stop: no crash. This is systemd's list.
_ASKED = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE}


@dataclass(frozen=True, slots=True)
class Exit:
    """The injector exits as well, with this code."""

    code: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again `after` seconds; `crashes` is how many there have been in a row."""

    after: float
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command exited, in `subprocess` terms: negative for the signal that killed it."""

    status: int
    ran_for: float

    @property
    def code(self) -> int:
        """The exit code that a shell would say."""
        return self.status if self.status >= 0 else 128 - self.status

    @property
    def crashed(self) -> bool:
        return self.status != 0 and -self.status not in _ASKED

    @property
    def how(self) -> str:
        return how_ended(self.status)


def decide(
    ending: Ending, *, outdated: bool, restarts: bool, crashes: int, jitter: float
) -> Exit | Restart:
    """Decide from how it ended.

    `outdated`: a restart with a newer environment was coming anyway, and the old values may be why
    it crashed. `restarts` is `restart_on_crash: always`, `crashes` counts those before this one.
    """
    if not ending.crashed:
        return Exit(ending.code)
    if outdated:
        return Restart(0.0)
    if not restarts:
        return Exit(ending.code)
    row = 1 if ending.ran_for >= STEADY else crashes + 1
    return Restart(backoff(row, first=FIRST_WAIT, longest=LONGEST_WAIT, jitter=jitter), row)
