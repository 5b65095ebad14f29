"""When a policy's refusal is worth a fresh login. Arithmetic only: no clock, no I/O.

A policy's text changes for every token that has it, a role's list of policies only for tokens that
are made afterwards: nobody but a fresh login can tell.
"""

import math
from dataclasses import dataclass

from injector.secret import PERSON_BACKOFF

# Seconds after a login before another is worth it; those that change nothing become rarer.
FIRST_PAUSE, LONGEST_PAUSE = 300.0, 3600.0


def pause_after(fruitless: int) -> float:
    """Return how long to pause after a login, when so many in a row have changed nothing."""
    return min(FIRST_PAUSE * 2.0 ** min(max(0, fruitless - 1), 30), LONGEST_PAUSE)


@dataclass(slots=True)
class Relogin:
    """Whether a new token might do what the current one may not. Times are on the clock."""

    logged_in_at: float = -math.inf
    denied_at: float = -math.inf
    fruitless: int = 0

    @property
    def due_at(self) -> float:
        """When to log in; `inf` unless something is refused now: the denied ask every minute."""
        due = max(self.denied_at, self.logged_in_at + pause_after(self.fruitless))
        still_denied = self.denied_at > self.logged_in_at and due <= self.denied_at + PERSON_BACKOFF
        return due if still_denied else math.inf

    def tried(self, now: float) -> None:
        """Note that a login is being tried for it: fruitless, unless it turns out to help."""
        self.logged_in_at = now
        self.fruitless += 1

    def settled(self, now: float, *, changed: bool) -> None:
        """Note that another token has come; `changed` if it may do something else."""
        self.logged_in_at = now
        if changed:
            self.fruitless = 0
