"""The state of the command, which outlives a reload; the service does not."""

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

from injector.base.clock import Clock, Wakeup, iso
from injector.base.redactor import Redactor
from injector.targets.child.policy import Ending
from injector.targets.child.process import Launch, Process, start
from injector.targets.child.relay import Relay, relays
from injector.targets.child.terminal import Terminal

# How long to wait for the last output to be written: its reader may have stopped. Seconds.
PRINTED_WITHIN = 1.0


class Wanted(Enum):
    """The wanted state of the command."""

    RUNNING = auto()
    RESTARTED = auto()  # stop, and start with what is in place by then
    HELD = auto()  # it exited because of a change: wait until that is rolled back or notified again
    STOPPED = auto()  # for good: the injector ends as well


@dataclass(slots=True)
class Command:
    """The command's process, if there is one, and everything that is known about it."""

    clock: Clock
    redactor: Redactor
    terminal: Terminal | None
    # Signals ignored when we were started (`nohup`, a job in a script) are ignored by the command.
    ignored: frozenset[Signals]
    # The newest rendered variables, and those it has accepted; None before there are any.
    variables: Mapping[str, bytes] | None = field(default=None, repr=False)
    accepted: Mapping[str, bytes] | None = field(default=None, repr=False)
    # Hashes of variables are handed over to the next process, and must not reveal anything.
    hash_key: bytes = field(default_factory=partial(os.urandom, 16), repr=False)
    process: Process | None = None
    launch: Launch | None = None  # what it was last started with
    started_at: float = -inf  # last start or attempt, on the wall clock
    starts: int = 0
    start_reason: str = "first"  # why it is started next: first, changed or crashed
    last: Ending | None = None
    crashes: int = 0  # in a row, without a steady run between
    start_at: float = -inf  # earliest next start, on the injected clock
    wanted: Wanted = Wanted.RUNNING
    stop_with: Signals | None = None
    # The target that notified it of a revertible change: exiting now means that it rejects the
    # change.
    on_trial: object | None = None
    exit_code: int | None = None  # of the injector, which exits because the command has
    state_changed: Wakeup = field(default_factory=Wakeup)  # wakes the service
    _changed: asyncio.Event = field(default_factory=asyncio.Event)  # set at a start or an end
    _relays: list[Relay] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs."""
        return None if self.process is None or self.process.has_ended else self.process.pid

    @property
    def shares_terminal(self) -> bool:
        """Return whether it runs in our process group, so that it gets Ctrl-C as we do."""
        return self.terminal is not None and self.pid is not None

    @property
    def is_held(self) -> bool:
        return self.wanted is Wanted.HELD

    @property
    def starts_again(self) -> bool:
        """Return whether it is to be started again once it has exited."""
        return self.wanted is Wanted.RESTARTED and self.exit_code is None

    def has_seen(self, changed_at: float) -> bool:
        """Return whether it was started after this moment of the wall clock."""
        return self.started_at >= changed_at

    def facts(self) -> dict[str, Any]:
        """Return what may be shown of it: not its arguments, which may be secret."""
        launch, last = self.launch, self.last
        return {
            "program": launch and launch.argv[0],
            "pid": self.pid,
            "started_at": None if launch is None else iso(self.started_at),
            "starts": self.starts,
            "last_exit": last and last.how,
        }

    # -- for targets and signals

    def restart(self) -> None:
        """Stop it, and start it immediately with what is in place by then."""
        if self.wanted is not Wanted.STOPPED:
            self.wanted = Wanted.RESTARTED
            self._start_at_once()

    def hurry(self) -> None:
        """End the wait after a crash: what has changed may have been its cause."""
        if self.start_at > self.clock.now():
            self._start_at_once()

    def release(self) -> None:
        """Start it again at once, if it was held."""
        if self.is_held:
            self.wanted = Wanted.RUNNING
            self._start_at_once()

    def stop(self, number: Signals) -> None:
        """Stop it permanently; the first caller chooses the signal."""
        if self.wanted is not Wanted.STOPPED:
            self.wanted, self.stop_with = Wanted.STOPPED, number
            self.state_changed.ring()

    def send(self, number: int) -> None:
        if self.process is not None:
            self.process.send(number)

    def follow(self) -> None:
        """If the command was stopped (Ctrl-Z), stop too. Called when a child changes state."""
        if self.terminal is not None and self.process is not None and self.process.has_stopped():
            self.terminal.stop_with(self.process.pid)

    def kill(self) -> None:
        """Kill it instead of waiting for it to exit."""
        if self.process is not None:
            self.process.kill()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is true, which only a start or an exit can change."""
        while not condition():
            await self._changed.wait()

    # -- for the service

    def start(self, launch: Launch) -> None:
        """Start it; raises CannotStart."""
        self._relays = [relay for relay in self._relays if not relay.over.is_set()]
        output, carrying = relays(self.redactor) if launch.masked else ((None, None), [])
        self.started_at = self.clock.wall()  # the time before: later changes may have been missed
        try:
            self.process = start(
                launch,
                terminal=self.terminal,
                output=output,
                clock=self.clock,
                on_end=self.state_changed.ring,
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
        self._wake_waiting()

    def hold(self) -> None:
        """Do not start it until the target that has it on trial says so."""
        self.wanted = Wanted.HELD
        self._wake_waiting()

    def let_go(self) -> Ending:
        """Forget a process that has exited; return how it did."""
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
        """Make the injector exit too, once all output has been written."""
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
        self._wake_waiting()

    def _start_at_once(self) -> None:
        self.start_reason, self.start_at = "changed", -inf
        self.state_changed.ring()

    def _wake_waiting(self) -> None:
        self._changed.set()
        self._changed.clear()
