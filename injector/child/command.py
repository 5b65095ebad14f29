"""The command as it is now: what outlives a reload, which makes the service anew."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from math import inf
from signal import Signals
from typing import Any

from injector.child.policy import Ending
from injector.child.process import Launch, Process, start
from injector.child.relay import Relay, relays
from injector.child.terminal import Terminal
from injector.clock import Clock, Wakeup
from injector.log import Redactor

# What was printed last is waited for this long: who reads it may stand still. Seconds.
PRINTED_WITHIN = 1.0


class Wanted(Enum):
    """What is to become of the command."""

    RUNNING = auto()
    RESTARTED = auto()  # ended, and started with what is in place by then
    HELD = auto()  # it ended of a change, and waits until that is taken back or told again
    STOPPED = auto()  # and so are we


@dataclass(slots=True)
class Command:
    """Its process, while there is one, and all that is known of it."""

    clock: Clock
    redactor: Redactor
    terminal: Terminal | None
    # We were started with these ignored (`nohup`, a job of a script), and so is the command.
    ignored: frozenset[Signals]
    # The newest that have been rendered, and those that it has taken; None before there are any.
    variables: Mapping[str, bytes] | None = field(default=None, repr=False)
    accepted: Mapping[str, bytes] | None = field(default=None, repr=False)
    # Hashes of variables are handed over to the next process, and must not tell it anything.
    hash_key: bytes = field(default_factory=partial(os.urandom, 16), repr=False)
    process: Process | None = None
    launch: Launch | None = None  # what it was last started with
    started_at: float = -inf  # or tried to, on the wall clock
    starts: int = 0
    because: str = "first"  # why it is started next: first, changed or crashed
    last: Ending | None = None
    crashes: int = 0  # in a row
    start_at: float = -inf  # not before, on the injected clock
    wanted: Wanted = Wanted.RUNNING
    stop_with: Signals | None = None
    # Who has told it of a change that may be taken back: its end is a refusal meanwhile.
    on_trial: object | None = None
    exit_code: int | None = None  # it has ended, and so are we to
    news: Wakeup = field(default_factory=Wakeup)  # rung for the service
    _changed: asyncio.Event = field(default_factory=asyncio.Event)  # set for a moment
    _relays: list[Relay] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """Return its number while it runs."""
        return None if self.process is None or self.process.has_ended else self.process.pid

    @property
    def shares_terminal(self) -> bool:
        """Return whether it runs in our process group, so that Ctrl-C reaches it as it does us."""
        return self.terminal is not None and self.pid is not None

    @property
    def is_held(self) -> bool:
        return self.wanted is Wanted.HELD

    @property
    def starts_again(self) -> bool:
        """Return whether it is to be started as soon as it has ended."""
        return self.wanted is Wanted.RESTARTED and self.exit_code is None

    def has_seen(self, changed_at: float) -> bool:
        """Return whether it was started after this moment of the wall clock."""
        return self.started_at >= changed_at

    def facts(self) -> dict[str, Any]:
        """Return what may be shown of it; its arguments are the user's own, and may be secret."""
        launch, last = self.launch, self.last
        return {
            "program": launch and launch.argv[0],
            "pid": self.pid,
            "started_at": None if launch is None else round(self.started_at, 3),
            "starts": self.starts,
            "last_exit": last and last.how,
        }

    # -- for those who want something of it

    def restart(self) -> None:
        """End it, and start it at once with what is in place by then."""
        if self.wanted is not Wanted.STOPPED:
            self.wanted = Wanted.RESTARTED
            self._at_once()

    def release(self) -> None:
        """Start again, at once, what was held."""
        if self.is_held:
            self.wanted = Wanted.RUNNING
            self._at_once()

    def stop(self, number: Signals) -> None:
        """End it for good; the first who asks chooses the signal."""
        if self.wanted is not Wanted.STOPPED:
            self.wanted, self.stop_with = Wanted.STOPPED, number
            self.news.ring()

    def send(self, number: int) -> None:
        if self.process is not None:
            self.process.send(number)

    def follow(self) -> None:
        """Stop if it has stopped: something has happened to one of our children."""
        if self.terminal is not None and self.process is not None and self.process.has_stopped():
            self.terminal.stop_with(self.process.pid)

    def kill(self) -> None:
        """Wait no longer for it to end."""
        if self.process is not None:
            self.process.kill()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this holds, which only a start or an end can change."""
        while not condition():
            await self._changed.wait()

    # -- for the service

    def start(self, launch: Launch) -> None:
        """Start it; raises CannotStart."""
        self._relays = [relay for relay in self._relays if not relay.over.is_set()]
        output, carrying = relays(self.redactor) if launch.masked else ((None, None), [])
        self.started_at = self.clock.wall()  # before: what changes meanwhile it may have missed
        try:
            self.process = start(
                launch,
                terminal=self.terminal,
                ignored=self.ignored,
                output=output,
                clock=self.clock,
                on_end=self.news.ring,
            )
        except BaseException:
            for relay in carrying:
                relay.close()
            raise
        finally:
            for end in {end for end in output if end is not None}:
                os.close(end)
        self._relays += carrying
        self.launch = launch
        self.starts += 1
        if self.wanted is Wanted.RESTARTED:
            self.wanted = Wanted.RUNNING
        self._tell()

    def hold(self) -> None:
        """Do not start it before whoever has it on trial says so."""
        self.wanted = Wanted.HELD
        self._tell()

    def let_go(self) -> Ending:
        """Forget a process that has ended; return how it did."""
        assert self.process is not None
        self.last = ending = self.process.ending()
        self.process.reap()
        self.process = None
        if self.terminal is not None:
            self.terminal.take_back(restore=ending.status < 0)
        for relay in self._relays:
            relay.finish()
        return ending

    async def end(self, code: int) -> None:
        """Let us end, too, once what it has printed is where it belongs."""
        with suppress(TimeoutError):
            async with self.clock.deadline(PRINTED_WITHIN):
                for relay in self._relays:
                    await relay.over.wait()
        for relay in self._relays:
            relay.close()
        if self.terminal is not None:
            self.terminal.close()
            self.terminal = None
        self.exit_code = code
        self._tell()

    def _at_once(self) -> None:
        self.because, self.start_at = "changed", -inf
        self.news.ring()

    def _tell(self) -> None:
        self._changed.set()
        self._changed.clear()
