"""Notifies one application: debounced, once per change, retried on its own."""

from collections.abc import Callable
from math import inf
from typing import Any

from msgspec import Struct

from injector.base.clock import Clock, Wakeup
from injector.base.errors import HookError, InjectorError, nothing_unforeseen
from injector.base.health import Health
from injector.base.log import Logger
from injector.base.metrics import Metrics
from injector.config import model
from injector.engine.delivery.ledger import Ledger, Pending
from injector.engine.delivery.output import Output
from injector.engine.delivery.reporting import thread
from injector.engine.delivery.timing import notify_at
from injector.engine.history import Rotations
from injector.secret import Ref, backoff
from injector.targets.notify import Application, Outcome, Overtaken, Unseen

# A failed notification is retried with waits from 1 s to this, seconds.
LONGEST_BACKOFF = 30.0
# An application that is not running may be starting, and may have read the old file: it is looked
# for this long, about this often. Seconds.
LOOK_FOR, LOOK_EVERY = 30.0, 1.0


class Parts(Struct, frozen=True):
    """What notifiers work with.

    `called` returns the name of a secret, `is_checked` whether new content of an output is being
    checked. `accept` is called with outputs that an application has accepted, `reject` with those
    it has rejected; it returns whether they were rolled back. Without `tries_again`, one that fails
    is over.
    """

    clock: Clock
    jitter: Callable[[], float]
    ledger: Ledger
    rotations: Rotations
    health: Health
    metrics: Metrics
    log: Logger
    called: Callable[[Ref], str]
    is_checked: Callable[[str], bool]
    accept: Callable[[set[str]], None]
    reject: Callable[[str, set[str], HookError], bool]
    tries_again: bool = True


class Notifier:
    """One target of the configuration's `notify:`."""

    def __init__(
        self,
        name: str,
        notify: model.Notify,
        application: Application,
        outputs: list[Output[Any]],
        parts: Parts,
    ) -> None:
        self.name = name
        self._notify = notify
        self._application = application
        self._outputs = outputs
        self._parts = parts
        self._failures = 0
        self._retry_at = -inf
        self._jitter = parts.jitter()  # for the splay, once per change: here of one that was left
        self.news = Wakeup()
        if parts.ledger.is_pending(name):  # left by an earlier configuration or run
            parts.health.waiting("notify", name)
        else:
            parts.health.ok("notify", name)

    @property
    def rolls_back(self) -> bool:
        """Return whether a change that the application rejects is rolled back."""
        return self._notify.on_failure == "rollback"

    async def run(self) -> None:
        """Notify whenever something is pending. Runs until cancelled."""
        while True:
            await self._parts.clock.sleep(self._due_in(), self.news)
            if self._due_in() <= 0:
                await self._send(self._parts.ledger.take(self.name))

    def add(self, output_name: str, answered_at: float, *, urgent: bool = False) -> None:
        """Note a written output. Health is not settled until the notification is sent."""
        now, wall = self._parts.clock.now(), self._parts.clock.wall()
        if self.name not in self._parts.ledger.pending:
            self._jitter = self._parts.jitter()
        self._parts.ledger.add(
            self.name, Pending(now, now, wall, answered_at, {output_name}, urgent)
        )
        if not self._failures:
            self._parts.health.waiting("notify", self.name)
        self.news.ring()

    def _due_in(self) -> float:
        pending = self._parts.ledger.pending.get(self.name)
        if pending is None:
            return inf
        due = pending.last if pending.urgent else self._notify_at(pending)
        return max(due, self._retry_at) - self._parts.clock.now()

    def _notify_at(self, pending: Pending) -> float:
        # A change that is still being checked has not ended.
        checking = any(self._parts.is_checked(output.name) for output in self._outputs)
        return notify_at(
            pending.first,
            inf if checking else pending.last,
            notify=self._notify,
            notified_at=self._parts.ledger.notified_at.get(self.name),
            complete=not checking and all(output.state.settled for output in self._outputs),
            jitter=self._jitter,
        )

    async def _send(self, pending: Pending) -> None:
        parts = self._parts
        try:
            with nothing_unforeseen():
                outcome = await self._application.notify(pending.written_at)
                if outcome is Outcome.SENT and not await self._accepted(pending):
                    return
        except Unseen as exc:
            if self._is_looked_for(pending):
                await self._done(pending, Outcome.ABSENT)
            else:
                self._failed(exc, pending)
        except InjectorError as exc:
            self._failed(exc, pending)
        except BaseException:
            # Stopped in the middle (shutdown, reload): nobody knows whether it arrived.
            parts.ledger.put_back(self.name)
            raise
        else:
            await self._done(pending, outcome)

    async def _done(self, pending: Pending, outcome: Outcome) -> None:
        """Note that the application accepted the change, or that nothing runs that could."""
        parts = self._parts
        self._failures = 0
        parts.metrics.notifications.add(self.name, outcome.value)
        parts.health.ok("notify", self.name)
        is_absent = outcome is Outcome.ABSENT
        (parts.ledger.absent.add if is_absent else parts.ledger.absent.discard)(self.name)
        now = parts.clock.now()
        if is_absent and self._is_looked_for(pending):
            if self._retry_at < pending.first:
                parts.log.info("nothing to notify yet", notify=self.name)
            self._retry_at = now + LOOK_EVERY
            parts.ledger.put_back(self.name)
            return
        self._retry_at = -inf
        parts.ledger.notified(self.name, now)
        of = self._thread(pending)  # before they are accepted
        parts.accept(pending.outputs)
        if outcome is Outcome.SENT:
            parts.metrics.rotation_seconds.observe(now - pending.answered_at)
        event = "nobody to notify" if is_absent else "notified"
        facts = {"notify": self.name, "outcome": outcome, "files": sorted(pending.outputs)}
        await parts.clock.sleep(0)  # the hand-over is written first: see "notified", and kill
        parts.log.info(event, **facts, **of)

    def _thread(self, pending: Pending) -> dict[str, Any]:
        """Say which new values a change is about."""
        changed = (output for output in self._outputs if output.name in pending.outputs)
        rotations = (
            each for output in changed for each in output.state.unaccepted(output.state.written)
        )
        return thread(rotations, self._parts.called)

    def _is_looked_for(self, pending: Pending) -> bool:
        """Return whether it may still be starting."""
        return self._parts.clock.now() - pending.first < LOOK_FOR

    async def _accepted(self, pending: Pending) -> bool:
        """Verify that the application accepted the change; return False if another one follows.

        That is a newer change, which may be the fix, or the rollback. Raises HookError if the
        application rejected the change and it stays, to be notified again.
        """
        parts = self._parts
        try:
            await self._application.verify()
        except Overtaken:
            self._retry_at = -inf
            parts.ledger.overtaken(self.name, parts.clock.now())
            parts.log.info("changed again before it was confirmed", notify=self.name)
            return False
        except HookError as exc:
            if not self.rolls_back or not parts.reject(self.name, pending.outputs, exc):
                raise
            self._failures, self._retry_at = 0, -inf
            parts.ledger.notified(self.name, parts.clock.now())
            parts.metrics.notifications.add(self.name, "rejected")
            return False
        return True

    def _failed(self, error: InjectorError, pending: Pending) -> None:
        parts, of = self._parts, self._thread(pending)
        parts.metrics.notifications.add(self.name, "failed")
        if not parts.tries_again:
            parts.ledger.notified(self.name, parts.clock.now())
            parts.health.ok("notify", self.name)
            parts.log.error("notification failed", notify=self.name, error=str(error), **of)
            return
        self._failures += 1
        wait = backoff(self._failures, first=1.0, longest=LONGEST_BACKOFF, jitter=parts.jitter())
        self._retry_at = parts.clock.now() + wait
        parts.ledger.put_back(self.name)
        for output in self._outputs:
            parts.rotations.record_failed(output.state.unaccepted(output.state.written), error)
        report = parts.health.failing("notify", self.name, error)
        facts = {"notify": self.name, "retry_in": round(wait, 1), **of}
        report.log(parts.log, "notification failed", **facts)
