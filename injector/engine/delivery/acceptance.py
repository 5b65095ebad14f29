"""What applications are notified of, have accepted, and have rejected."""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

from injector.base.context import Context
from injector.base.errors import HookError, WriteError
from injector.engine.delivery.ledger import Ledger, Pending
from injector.engine.delivery.output import Output
from injector.engine.delivery.outputs import Outputs
from injector.engine.delivery.reporting import Reporter, rotation_facts
from injector.engine.store import Store
from injector.secret import Ref


class Acceptance:
    """Announces what is written; records what was accepted, and rolls back what was rejected."""

    def __init__(
        self,
        outputs: Outputs,
        reporter: Reporter,
        context: Context,
        *,
        store: Store,
        ledger: Ledger,
        called: Callable[[Ref], str],
    ) -> None:
        self._outputs = outputs
        self._context = context
        self._store = store
        self._ledger = ledger
        self._called = called
        self._reporter = reporter

    def begin(self) -> None:
        """Start from what an earlier configuration or run left."""
        left = self._ledger.keep(
            self._outputs.notifiers.keys(), revertible=self._outputs.revertible()
        )
        for change in left:
            self._hand_on(change)

    def announce(self, output: Output[Any], *, urgent: bool = False) -> None:
        """Notify every application that an output names."""
        answered_at = self._answered_at(output)
        for notifier in self._outputs.notifiers_of(output):
            notifier.add(output.name, answered_at, urgent=urgent)

    def accept(self, names: set[str]) -> None:
        """Note that an application has accepted these outputs, unless others are still pending."""
        now = self._context.clock.now()
        pending = self._ledger.unconfirmed()
        outputs = self._outputs.named(names)
        accepted = [output for output in outputs if not _is_pending(output, pending)]
        for output in accepted:
            output.destination.accept()
        self._outputs.consumers.accept(accepted, now)

    def reject(self, target: str, names: set[str], error: HookError) -> bool:
        """Roll back a change that an application has rejected.

        Return whether there was anything to roll back to. The rejected content is not tried again
        until something changes, or a refresh is asked for. What could not be rolled back is part of
        what the application is asked next.
        """
        outputs = self._outputs.named(names)
        found = {output.name: output.destination.content_hash for output in outputs}
        reverted = [output for output in outputs if self._roll_back(output, target, error)]
        if not reverted:
            return False
        self._ledger.reject({output.name: found[output.name] for output in reverted})
        for output in outputs:
            if output not in reverted:
                answered_at = self._answered_at(output)
                self._outputs.notifiers[target].add(output.name, answered_at, urgent=True)
        return True

    def forgive(self, output: Output[Any]) -> None:
        """Retry what was rejected together with an output that has different content now."""
        for name in self._ledger.forgive(output.name) - {output.name}:
            self._outputs.schedule.plan(name, self._context.clock.now())

    def was_rejected(self, output: Output[Any], content: Any) -> bool:
        """Return whether this content was rolled back before; if so, what was accepted stays."""
        ledger = self._ledger
        if not ledger.rejected or not ledger.was_rejected(
            output.name, output.destination.hash_of(content)
        ):
            return False
        if not output.destination.is_intact() and not self._put_right(output):
            ledger.forgive(output.name)  # better than nothing, or than foreign content
            return False
        output.state.keep_accepted()
        before = self._context.health.of(output.kind, output.name)
        if before is None or before.error is None:
            error = _rejection("the application", "in an earlier run")
            self._reporter.report_rolled_back(output, error)
        return True

    def retry(self, refs: Iterable[Ref] | None = None) -> set[str]:
        """Retry what was rejected, for these secrets or for all; return the outputs' names."""
        now = self._context.clock.now()
        asked = self._outputs.by_name if refs is None else self._outputs.consumers.of(refs)
        retried = {name for asked_for in asked for name in self._ledger.forgive(asked_for)}
        for name in retried:
            self._outputs.schedule.plan(name, now)
        self._store.value_changed.ring()
        return retried

    def _roll_back(self, output: Output[Any], target: str, error: HookError) -> bool:
        context = self._context
        try:
            output.destination.rollback()
        except WriteError as exc:
            # The error says all: what failed, on what, and what to do.
            context.log.error(  # noqa: TRY400
                "not rolled back", path=output.name, notify=target, error=str(exc)
            )
            return False
        of = rotation_facts(output.state.unaccepted(output.state.written), self._called)
        output.state.return_to_accepted()
        self._outputs.schedule.look_after(output, context.clock.now())
        self._reporter.report_rolled_back(output, _rejection(target, str(error)))
        context.log.error("rolled back", path=output.name, notify=target, error=str(error), **of)
        self.announce(output, urgent=True)
        return True

    def _put_right(self, output: Output[Any]) -> bool:
        """Let readers see again what was accepted, and another program has changed or removed."""
        try:
            output.destination.rollback()
        except WriteError as exc:
            self._context.log.warning("not restored", path=output.name, error=str(exc))
            return False
        self.announce(output)
        return True

    def _hand_on(self, change: Pending) -> None:
        """Announce the change of a target that is gone to those not notified since."""
        notified_at = self._ledger.notified_at
        for output in self._outputs.named(change.outputs):
            for notifier in self._outputs.notifiers_of(output):
                if notified_at.get(notifier.name, -inf) < change.first:
                    notifier.add(output.name, change.answered_at, urgent=change.urgent)

    def _answered_at(self, output: Output[Any]) -> float:
        times = [
            generation.added_at
            for ref, generation in output.state.written.items()
            if output.state.accepted.get(ref) is not generation
        ]
        return max(times, default=self._context.clock.now())


def _is_pending(output: Output[Any], pending: Mapping[str, Pending]) -> bool:
    """Return whether an application has yet to be notified of this output."""
    return any(
        target in pending and output.name in pending[target].outputs for target in output.targets
    )


def _rejection(target: str, reason: str) -> HookError:
    return HookError(
        f"rolled back, since {target} did not accept the change ({reason}); the rejected content "
        "is tried again when a secret or template changes, or after SIGHUP or `injector refresh`"
    )
