"""Renders and writes what a change affects, and nothing else.

A rendering, write or check that fails asks Vault for nothing: only that step is retried.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from injector.base.context import Context
from injector.base.errors import (
    HookError,
    InjectorError,
    MissingError,
    RenderError,
    WriteError,
    nothing_unforeseen,
)
from injector.config import model
from injector.engine.delivery.acceptance import Acceptance
from injector.engine.delivery.contract import Contracts
from injector.engine.delivery.expiries import Expiries
from injector.engine.delivery.ledger import Ledger
from injector.engine.delivery.notifier import Notifier
from injector.engine.delivery.output import Check, Output
from injector.engine.delivery.outputs import Outputs
from injector.engine.delivery.reporting import Reporter, rotation_facts
from injector.engine.delivery.timing import MANY, worth_a_try_at
from injector.engine.history import Rotations
from injector.engine.store import Generation, Store
from injector.rendering.template import Lacking, Snapshot
from injector.secret import Ref, backoff
from injector.targets.files.protocol import Staged
from injector.targets.notify import Application

# A rendering that has kept everything else waiting for this long, seconds.
SLOW = 0.1

# A failed write or check is retried after 1 s, doubling up to this, seconds.
LONGEST_BACKOFF = 20.0


class Delivery:
    """All outputs of the configuration, and the notifiers of those that name one.

    `called` returns the name of a secret. `look_every` is the number of seconds between routine
    checks of the outputs. `unnotified` returns whether an output, by its name and the hash of its
    content, was written by a process that was killed before it notified. `hand_over` records, at
    once, what a process that follows a kill has to know.
    """

    name = "delivery"

    def __init__(
        self,
        outputs: Iterable[Output[Any]],
        context: Context,
        *,
        store: Store,
        ledger: Ledger,
        rotations: Rotations,
        called: Callable[[Ref], str],
        contracts: Contracts,
        look_every: float,
        unnotified: Callable[[str, str], bool],
        hand_over: Callable[[], None],
    ) -> None:
        self._outputs = Outputs(outputs, store)
        self._schedule = self._outputs.schedule
        self._context = context
        self._store = store
        self._ledger = ledger
        self._rotations = rotations
        self._called = called
        self._contracts = contracts
        self._look_every = look_every
        self._unnotified = unnotified
        self.hand_over = hand_over
        self._reporter = Reporter(context, store=store, rotations=rotations)
        # When to look at all outputs: a credential may go unconfirmed for hours.
        self._look_at = context.clock.now() + look_every
        self._acceptance = Acceptance(
            self._outputs, self._reporter, context, store=store, ledger=ledger, called=called
        )
        self._expiries = Expiries(context, called)
        self._group = asyncio.TaskGroup()
        for output in self._outputs:
            self._reporter.report_waiting(output)

    def add(
        self,
        name: str,
        notify: model.Notify,
        application: Application,
        outputs: list[Output[Any]],
        *,
        tries_again: bool = True,
    ) -> None:
        """Add the notifier of a target that these outputs name."""
        self._outputs.notifiers[name] = Notifier(
            name,
            notify,
            application,
            outputs,
            self._context,
            delivery=self,
            ledger=self._ledger,
            rotations=self._rotations,
            called=self._called,
            tries_again=tries_again,
        )

    def accept(self, names: set[str]) -> None:
        """Note that an application has accepted these outputs."""
        self._acceptance.accept(names)

    def reject(self, target: str, names: set[str], error: HookError) -> bool:
        """Roll back what an application has rejected; return whether there was anything to."""
        return self._acceptance.reject(target, names, error)

    def retry_rejected(self, refs: Iterable[Ref] | None = None) -> set[str]:
        """Retry on demand what applications have rejected, for these secrets or for all.

        Return the names of the outputs that are retried.
        """
        return self._acceptance.retry(refs)

    @property
    def outputs(self) -> list[Output[Any]]:
        return list(self._outputs)

    def consumers(self, ref: Ref) -> list[Output[Any]]:
        """Return the outputs that want this secret."""
        return [self._outputs[name] for name in self._outputs.consumers.of([ref])]

    def unsettled(self) -> list[Output[Any]]:
        """Return the outputs that this configuration has not written yet."""
        return [output for output in self._outputs if not output.state.settled]

    def is_checked(self, name: str) -> bool:
        """Return whether new content of an output is being checked right now."""
        return self._schedule.is_held(name)

    def unfinished(self) -> list[str]:
        """Return the outputs that are being checked, or retried after a failure."""
        return [
            output.title
            for output in self._outputs
            if self._schedule.is_held(output.name)
            or (output.state.failures and self._schedule.is_due(output.name))
        ]

    def ended(self) -> list[tuple[str, Generation]]:
        """Return the outputs whose readers see an expired value, and that value."""
        now = self._context.clock.now()
        return [
            (output.title, generation)
            for output in self._outputs
            for generation in output.state.written.values()
            if generation.has_ended(now)
        ]

    async def run(self) -> None:
        """Bring up to date what is due, as soon as something changes. Runs until cancelled."""
        clock = self._context.clock
        async with self._group:
            for notifier in self._outputs.notifiers.values():
                self._group.create_task(notifier.run(), name=f"notify {notifier.name}")
            self._begin()
            while True:
                self._drop_old_due()
                for name in self._schedule.take_due(clock.now()):
                    began = clock.now()
                    self._update(self._outputs[name])
                    if clock.now() - began > SLOW:  # probes are answered between two slow ones
                        await asyncio.sleep(0)
                self._expiries.report()
                wake = min(self._schedule.next_at(), self._expiries.next_at(), self._look_at)
                await clock.sleep(wake - clock.now(), self._store.value_changed)
                self._take_news()
                if self._look_at <= clock.now():
                    self._look_at = clock.now() + self._look_every
                    self._plan_rewrites(self._outputs.by_name)

    def _begin(self) -> None:
        """Declare what is wanted; write at once what the store already has (after a reload)."""
        now = self._context.clock.now()
        self._store.want_nothing_but(self._outputs.by_name)
        self._acceptance.begin()
        self._context.metrics.keep_outputs(self._outputs.by_name.keys())
        self._context.metrics.keep_targets(self._outputs.notifiers.keys())
        for output in self._outputs:
            self._outputs.consumers.want(output, output.renderer.refs)
            self._schedule.plan(output.name, now)
            self._schedule.look_after(output, now)

    def _take_news(self) -> None:
        now = self._context.clock.now()
        changed, confirmed = self._store.take_changes()
        for name in self._outputs.consumers.of(changed):
            output = self._outputs[name]
            still_lacking = self._store.count_lacking(output.state.lacking)
            if still_lacking < MANY:
                self._schedule.record_change(output, now)
            else:
                self._schedule.plan(name, worth_a_try_at(now, still_lacking))
        self._plan_rewrites(self._outputs.consumers.of(confirmed))

    def _plan_rewrites(self, names: Iterable[str]) -> None:
        """Plan to rewrite those of these outputs that another program has changed or removed."""
        for name in names:
            output = self._outputs[name]
            if self._schedule.is_due(name) or not output.state.settled:
                continue
            if not output.destination.is_intact():
                event = f"{output.kind} changed or removed by somebody else, rewritten"
                self._context.log.warning(event, path=name)
                self._schedule.plan(name, self._context.clock.now())

    def _drop_old_due(self) -> None:
        now = self._context.clock.now()
        for name in self._schedule.take_old_due(now):
            output = self._outputs[name]
            try:
                output.destination.drop_old()
            except WriteError as exc:
                # The error says all: what failed, on what, and what to do.
                self._context.log.warning("old generation not removed", path=name, error=str(exc))
            self._schedule.look_after(output, now)

    # -- one output

    def _update(self, output: Output[Any]) -> None:
        """Render and write one output. Notifiers follow once files are written."""
        store = self._store
        snapshot = store.snapshot(output.state.wants)
        if store.withdrawn(output.state.wants):
            self._remove(output)
            return
        if output.state.wants and not snapshot:
            return  # nothing has arrived yet: no need to render
        try:
            with nothing_unforeseen():
                self._make(output, snapshot)
        except InjectorError as exc:
            self._record_failure(output, exc)

    def _make(self, output: Output[Any], snapshot: Snapshot) -> None:
        """Render it, and write or stage it; raises what is wrong with a value or on disk."""
        store = self._store
        self._contracts.require(snapshot)
        rendered = output.renderer.render(snapshot)
        if isinstance(rendered, Lacking):
            output.state.lacking = rendered.refs
            self._outputs.consumers.want(output, output.state.wants | rendered.refs)
            return
        output.state.lacking = frozenset()
        self._outputs.consumers.want(output, output.renderer.refs | rendered.used)
        generations = store.generations(output.state.wants)
        if self._acceptance.was_rejected(output, rendered.content):
            return
        if output.check is not None:
            staged = output.check.destination.stage(rendered.content)
            self._check(output, staged, generations)
            return
        written = output.destination.write(rendered.content)
        self._record_written(output, generations, written=written)

    def _check(
        self, output: Output[Any], staged: Staged | None, generations: Mapping[Ref, Generation]
    ) -> None:
        """Show staged content to readers once its check succeeds, without delaying others."""
        if staged is None:
            self._record_written(output, generations, written=False)
            return
        self._schedule.hold(output.name)
        self._group.create_task(
            self._finish_check(output, staged, generations), name=f"check {output.name}"
        )

    async def _finish_check(
        self, output: Output[Any], staged: Staged, generations: Mapping[Ref, Generation]
    ) -> None:
        assert output.check is not None
        try:
            with nothing_unforeseen():
                await self._pass_check(output.check, staged)
        except InjectorError as exc:
            self._record_failure(output, exc)
        else:
            self._record_written(output, generations, written=True)
        finally:
            self._schedule.release(output.name)
            self._store.value_changed.ring()  # what changed during the check is due now
            self._wake_notifiers(output)

    @staticmethod
    async def _pass_check(check: Check[Any], staged: Staged) -> None:
        try:
            await check.run(staged.path)
        except BaseException:
            with suppress(WriteError):  # the next start removes what cannot be removed now
                staged.discard()
            raise
        staged.commit()

    def _record_written(
        self, output: Output[Any], generations: Mapping[Ref, Generation], *, written: bool
    ) -> None:
        context = self._context
        recovered = output.state.failing
        new = output.state.record_written(generations)
        self._expiries.follow(output)
        self._acceptance.forgive(output)
        self._reporter.report_up_to_date(output, written=written)
        if written:
            self._schedule.look_after(output, context.clock.now())
        if written or recovered:
            event = f"{output.kind} {'written' if written else 'recovered'}"
            context.log.info(event, path=output.name, **rotation_facts(new, self._called))
        # Asked in any case, since the answer is yes only once.
        unnotified = self._unnotified(output.name, output.destination.content_hash)
        if written or unnotified:
            self._acceptance.announce(output)
        self._acceptance.accept({output.name})
        self._wake_notifiers(output)

    def _wake_notifiers(self, output: Output[Any]) -> None:
        """Wake the notifiers that may be waiting for this output."""
        for notifier in self._outputs.notifiers_of(output):
            notifier.due_changed.ring()

    def _remove(self, output: Output[Any]) -> None:
        """Remove an output whose secret is gone, as `on_missing: remove` says."""
        try:
            removed = output.destination.remove()
        except WriteError as exc:
            self._record_failure(output, exc)
            return
        if removed:
            event = f"{output.kind} removed: its secret is gone"
            self._context.log.warning(event, path=output.name)
        output.state.record_removed()
        self._reporter.report_waiting(output)

    def _record_failure(self, output: Output[Any], error: InjectorError) -> None:
        context = self._context
        output.state.record_failure()
        report = self._reporter.report_failed(output, error)
        again: dict[str, Any] = {}
        # A render fails in the same way until something changes.
        if not isinstance(error, RenderError | MissingError):
            retry_in = backoff(
                output.state.failures, first=1.0, longest=LONGEST_BACKOFF, jitter=context.jitter()
            )
            self._schedule.plan(output.name, context.clock.now() + retry_in)
            again["retry_in"] = round(retry_in, 1)
        new = output.state.unaccepted(self._store.generations(output.state.wants))
        facts = {"path": output.name, **again, **rotation_facts(new, self._called)}
        report.log(context.log, f"{output.kind} not written", **facts)
