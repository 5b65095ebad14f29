"""Notifies one application: debounced, once per change, retried on its own."""

from collections.abc import Callable
from math import inf
from typing import Any, Protocol

from injector.base.clock import Wakeup
from injector.base.context import Context
from injector.base.errors import HookError, InjectorError, nothing_unforeseen
from injector.config import model
from injector.engine.delivery.ledger import Ledger, Pending
from injector.engine.delivery.output import Output
from injector.engine.delivery.reporting import rotation_facts
from injector.engine.delivery.timing import notify_at
from injector.engine.history import Rotations
from injector.secret import Ref, backoff
from injector.targets.notify import Application, NotifyResult, Overtaken, Unseen

# A failed notification is retried with waits from 1 s to this, seconds.
LONGEST_BACKOFF = 30.0
# An application that is not running may be starting, and may have read the old file: it is looked
# for this long, about this often. Seconds.
LOOK_FOR, LOOK_EVERY = 30.0, 1.0


class Asked(Protocol):
    """What a notifier asks and tells `delivery`."""

    def is_checked(self, name: str) -> bool:
        """Return whether new content of an output is being checked right now."""

    def accept(self, names: set[str]) -> None:
        """Note that an application has accepted these outputs."""

    def reject(self, target: str, names: set[str], error: HookError) -> bool:
        """Roll back what an application has rejected; return whether there was anything to."""

    def hand_over(self) -> None:
        """Record what a process that follows a kill has to know, at once."""


class Notifier:
    """One target of the configuration's `notify:`.

    `called` returns the name of a secret. Without `tries_again`, a notification that fails is over.
    """

    def __init__(
        self,
        name: str,
        notify: model.Notify,
        application: Application,
        outputs: list[Output[Any]],
        context: Context,
        *,
        delivery: Asked,
        ledger: Ledger,
        rotations: Rotations,
        called: Callable[[Ref], str],
        tries_again: bool,
    ) -> None:
        self.name = name
        self._notify = notify
        self._application = application
        self._outputs = outputs
        self._context = context
        self._delivery = delivery
        self._ledger = ledger
        self._rotations = rotations
        self._called = called
        self._tries_again = tries_again
        self._failures = 0
        self._retry_at = -inf
        self._jitter = context.jitter()  # for the splay: one number a change
        self.due_changed = Wakeup()
        if ledger.is_pending(name):  # since an earlier configuration or run
            context.health.waiting("notify", name)
        else:
            context.health.ok("notify", name)

    @property
    def rolls_back(self) -> bool:
        """Return whether a change that the application rejects is rolled back."""
        return self._notify.on_failure == "rollback"

    async def run(self) -> None:
        """Notify whenever something is pending. Runs until cancelled."""
        while True:
            await self._context.clock.sleep(self._due_in(), self.due_changed)
            if self._due_in() <= 0:
                await self._send(self._ledger.take(self.name))

    def add(self, output_name: str, answered_at: float, *, urgent: bool = False) -> None:
        """Note a written output. Health is not settled until the notification is sent."""
        now, wall = self._context.clock.now(), self._context.clock.wall()
        if self.name not in self._ledger.pending:
            self._jitter = self._context.jitter()
        self._ledger.add(self.name, Pending(now, now, wall, answered_at, {output_name}, urgent))
        if not self._failures:
            self._context.health.waiting("notify", self.name)
        self.due_changed.ring()

    def _due_in(self) -> float:
        pending = self._ledger.pending.get(self.name)
        if pending is None:
            return inf
        due = pending.last if pending.urgent else self._notify_at(pending)
        return max(due, self._retry_at) - self._context.clock.now()

    def _notify_at(self, pending: Pending) -> float:
        # A change that is still being checked has not ended.
        checking = any(self._delivery.is_checked(output.name) for output in self._outputs)
        return notify_at(
            pending.first,
            inf if checking else pending.last,
            notify=self._notify,
            notified_at=self._ledger.notified_at.get(self.name),
            complete=not checking and all(output.state.settled for output in self._outputs),
            jitter=self._jitter,
        )

    async def _send(self, pending: Pending) -> None:
        try:
            with nothing_unforeseen():
                outcome = await self._application.notify(pending.written_at)
                if outcome is NotifyResult.SENT and not await self._verify(pending):
                    return
        except Unseen as exc:
            if self._is_looked_for(pending):
                self._finish(pending, NotifyResult.ABSENT)
            else:
                self._record_failure(exc, pending)
        except InjectorError as exc:
            self._record_failure(exc, pending)
        except BaseException:
            # Stopped in the middle (shutdown, reload): it is not known whether it arrived.
            self._ledger.put_back(self.name)
            raise
        else:
            self._finish(pending, outcome)

    def _finish(self, pending: Pending, outcome: NotifyResult) -> None:
        """Note that the application accepted the change, or that nothing runs that could."""
        context = self._context
        self._failures = 0
        context.metrics.notifications.add(self.name, outcome.value)
        self._report_over()
        is_absent = outcome is NotifyResult.ABSENT
        (self._ledger.absent.add if is_absent else self._ledger.absent.discard)(self.name)
        now = context.clock.now()
        if is_absent and self._is_looked_for(pending):
            if self._retry_at < pending.first:
                context.log.info("nothing to notify yet", notify=self.name)
            self._retry_at = now + LOOK_EVERY
            self._ledger.put_back(self.name)
            return
        self._retry_at = -inf
        self._ledger.record_notified(self.name, now)
        of = self._facts(pending)  # what is accepted is no longer new
        self._delivery.accept(pending.outputs)
        if outcome is NotifyResult.SENT:
            context.metrics.rotation_seconds.observe(now - pending.answered_at)
        event = "nobody to notify" if is_absent else "notified"
        facts = {"notify": self.name, "outcome": outcome, "files": sorted(pending.outputs)}
        self._delivery.hand_over()  # before it is said: a kill from now on loses nothing
        context.log.info(event, **facts, **of)

    def _report_over(self) -> None:
        """Report that this change is over; what came meanwhile is still to be notified."""
        health = self._context.health
        newer = self._ledger.is_pending(self.name)
        (health.waiting if newer else health.ok)("notify", self.name)

    def _facts(self, pending: Pending) -> dict[str, Any]:
        """Say which new values a change is about."""
        changed = (output for output in self._outputs if output.name in pending.outputs)
        rotations = (
            each for output in changed for each in output.state.unaccepted(output.state.written)
        )
        return rotation_facts(rotations, self._called)

    def _is_looked_for(self, pending: Pending) -> bool:
        """Return whether it may still be starting."""
        return self._context.clock.now() - pending.first < LOOK_FOR

    async def _verify(self, pending: Pending) -> bool:
        """Verify that the application accepted the change; return False if another one follows.

        That is a newer change, which may be the fix, or the rollback. Raises HookError if the
        application rejected the change and it stays, to be notified again.
        """
        context = self._context
        try:
            await self._application.verify()
        except Overtaken:
            self._retry_at = -inf
            self._ledger.record_overtaken(self.name, context.clock.now())
            context.log.info("changed again before it was confirmed", notify=self.name)
            return False
        except HookError as exc:
            if not self.rolls_back or not self._delivery.reject(self.name, pending.outputs, exc):
                raise
            self._failures, self._retry_at = 0, -inf
            self._ledger.record_notified(self.name, context.clock.now())
            context.metrics.notifications.add(self.name, "rejected")
            return False
        return True

    def _record_failure(self, error: InjectorError, pending: Pending) -> None:
        context, of = self._context, self._facts(pending)
        context.metrics.notifications.add(self.name, "failed")
        if not self._tries_again:
            self._ledger.record_notified(self.name, context.clock.now())
            self._report_over()
            context.log.error("notification failed", notify=self.name, error=str(error), **of)
            return
        self._failures += 1
        wait = backoff(self._failures, first=1.0, longest=LONGEST_BACKOFF, jitter=context.jitter())
        self._retry_at = context.clock.now() + wait
        self._ledger.put_back(self.name)
        for output in self._outputs:
            self._rotations.record_failed(output.state.unaccepted(output.state.written), error)
        report = context.health.failing("notify", self.name, error)
        facts = {"notify": self.name, "retry_in": round(wait, 1), **of}
        report.log(context.log, "notification failed", **facts)
