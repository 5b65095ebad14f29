"""What follows when the command ends by itself. A decision: nothing is started or waited for."""

import signal
from dataclasses import dataclass

from injector.secret import backoff

# Waits before a crashed command is started again, in seconds.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
# Who has run this long has recovered: the next crash is a first one again.
STEADY = 60.0
# Somebody asked it to end, and it did: no crash. systemd's list.
_ASKED = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE}


@dataclass(frozen=True, slots=True)
class Exit:
    """The injector ends as well, with this exit code."""

    code: int


@dataclass(frozen=True, slots=True)
class Restart:
    """It is started again after so many seconds; `crashes` is how many there have been in a row."""

    after: float
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended, as `subprocess` says it: negative for the signal that ended it."""

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
        if self.status >= 0:
            return f"exit code {self.status}"
        try:
            return signal.Signals(-self.status).name
        except ValueError:  # a real-time signal
            return f"signal {-self.status}"


def after(
    ending: Ending, *, outdated: bool, restarts: bool, crashes: int, draw: float
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
    return Restart(backoff(row, first=FIRST_WAIT, longest=LONGEST_WAIT, draw=draw), row)
