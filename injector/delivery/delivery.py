"""Renders and writes what a change touches, and nothing else.

Local failures stay local: none of them asks Vault for anything (rule R2).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from injector.clock import Clock
from injector.delivery.ledger import Ledger
from injector.delivery.notifier import Notifier
from injector.delivery.output import Output
from injector.delivery.timing import quiet_at
from injector.errors import InjectorError, MissingError, RenderError, WriteError
from injector.health import Health
from injector.log import Logger
from injector.metrics import Metrics
from injector.secret import Ref, backoff
from injector.store import Store
from injector.template import Lacking

# A failed write is tried again with waits from 1 s to this (scenario T09), seconds.
LONGEST_BACKOFF = 20.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What delivery works with."""

    clock: Clock
    draw: Callable[[], float]
    store: Store
    ledger: Ledger
    health: Health
    metrics: Metrics
    log: Logger
    # Path, hash of its content → written by a process that was killed before it could tell.
    untold: Callable[[str, str], bool]


class Delivery:
    """All files of the configuration, and the notifiers of those that name one."""

    name = "delivery"

    def __init__(self, outputs: Iterable[Output], parts: Parts) -> None:
        self._outputs = {output.path: output for output in outputs}
        self._notifiers: dict[str, Notifier] = {}
        self._parts = parts
        self._users: dict[Ref, set[str]] = defaultdict(set)
        # When each changed file is due, and when its run of changes began (for `wait`).
        self._due: dict[str, float] = {}
        self._since: dict[str, float] = {}
        for path in self._outputs:
            parts.health.waiting("file", path)
            parts.metrics.file_stale.set(1, path)

    def add(self, notifier: Notifier) -> None:
        """Add the notifier of a target that some file names."""
        self._notifiers[notifier.name] = notifier

    def missing(self) -> list[str]:
        """Return the files that are not in place yet."""
        return [output.path for output in self._outputs.values() if not output.settled]

    async def run(self) -> None:
        """Deliver whatever is due, whenever something changed. Runs until cancelled."""
        clock = self._parts.clock
        async with asyncio.TaskGroup() as group:
            for notifier in self._notifiers.values():
                group.create_task(notifier.run(), name=f"notify {notifier.name}")
            self._begin()
            while True:
                self._deliver_due()
                next_due = min(self._due.values(), default=inf)
                await clock.sleep(next_due - clock.now(), self._parts.store.news)
                self._take_news()

    def _begin(self) -> None:
        """Say what is wanted; what the store has already (after a reload) is delivered at once."""
        now = self._parts.clock.now()
        self._parts.store.want_nothing_but(self._outputs)
        for output in self._outputs.values():
            self._want(output, output.renderer.refs)
            self._due[output.path] = now

    def _want(self, output: Output, refs: frozenset[Ref]) -> None:
        for ref in output.wants - refs:
            self._users[ref].discard(output.path)
        for ref in refs - output.wants:
            self._users[ref].add(output.path)
        output.wants = refs
        self._parts.store.want(output.path, refs)

    def _take_news(self) -> None:
        now = self._parts.clock.now()
        changed, confirmed = self._parts.store.take_news()
        for path in {path for ref in changed for path in self._users[ref]}:
            output = self._outputs[path]
            since = self._since.setdefault(path, now)
            # The first delivery never waits: there is nothing yet that could be kept quiet.
            waits = output.wait is not None and output.settled
            self._due[path] = quiet_at(since, now, output.wait) if waits and output.wait else now
        for path in {path for ref in confirmed for path in self._users[ref]}:
            output = self._outputs[path]
            if output.settled and path not in self._due and not output.file.is_intact():
                self._parts.log.warning(
                    "file changed or removed by somebody else, written again", path=path
                )
                self._due[path] = now

    def _deliver_due(self) -> None:
        now = self._parts.clock.now()
        for path in [path for path, at in self._due.items() if at <= now]:
            del self._due[path]
            self._since.pop(path, None)
            self._deliver(self._outputs[path])

    def _deliver(self, output: Output) -> None:
        """Render and write one file. Files first; who is told is told by the notifiers."""
        store = self._parts.store
        snapshot = store.snapshot(output.wants)
        if store.withdrawn(output.wants):
            self._remove(output)
            return
        if output.wants and not snapshot:
            return  # nothing has arrived yet: no need to ask the template
        try:
            rendered = output.renderer.render(snapshot)
            if isinstance(rendered, Lacking):
                self._want(output, output.wants | rendered.refs)
                return
            written = output.file.write(rendered.content)
        except (RenderError, MissingError, WriteError) as exc:
            self._failed(output, exc)
            return
        self._want(output, output.renderer.refs | rendered.used)
        output.delivered = store.generations(output.wants)
        self._delivered(output, written=written)

    def _delivered(self, output: Output, *, written: bool) -> None:
        parts = self._parts
        output.settled = True
        output.failures = 0
        parts.health.ok("file", output.path)
        parts.metrics.file_stale.set(0, output.path)
        parts.metrics.renders.add(output.path, "written" if written else "unchanged")
        notifiers = [self._notifiers[name] for name in output.targets]
        if written:
            parts.log.info("file written", path=output.path)
        untold = parts.untold(output.path, output.file.content_hash)  # asked once, written or not
        if written or untold:
            answered_at = self._answered_at(output)
            for notifier in notifiers:
                notifier.add(output.path, answered_at)
        self.told({output.path})
        for notifier in notifiers:
            notifier.news.ring()  # its first notification may have waited for this file

    def _remove(self, output: Output) -> None:
        """Remove a file whose secret is gone, as its `on_missing: remove` asks for."""
        try:
            output.file.remove()
        except WriteError as exc:
            self._failed(output, exc)
            return
        if output.settled:
            self._parts.log.warning("file removed: its secret is gone", path=output.path)
        output.settled = False
        self._parts.health.waiting("file", output.path)
        self._parts.metrics.file_stale.set(1, output.path)

    def _answered_at(self, output: Output) -> float:
        times = [
            generation.added_at
            for ref, number in output.delivered.items()
            if (generation := self._parts.store.current(ref)) is not None
            and output.told.get(ref) != number
        ]
        return max(times, default=self._parts.clock.now())

    def told(self, paths: set[str]) -> None:
        """Acknowledge the generations that every user of them has been told of."""
        acknowledged: dict[Ref, int] = {}
        for path in paths & self._outputs.keys():
            output = self._outputs[path]
            if any(path in self._pending_of(name) for name in output.targets):
                continue
            output.told = dict(output.delivered)
            acknowledged |= output.told
        self._parts.store.acknowledge(
            {
                ref: number
                for ref, number in acknowledged.items()
                if all(self._outputs[user].told.get(ref) == number for user in self._users[ref])
            },
            self._parts.clock.now(),
        )

    def _pending_of(self, target: str) -> set[str]:
        pending = self._parts.ledger.untold().get(target)
        return set() if pending is None else pending.paths

    def _failed(self, output: Output, error: InjectorError) -> None:
        parts = self._parts
        output.failures += 1
        parts.health.failing("file", output.path, error)
        parts.metrics.file_stale.set(1, output.path)
        parts.metrics.renders.add(output.path, "failed")
        retry_in = None
        if isinstance(error, WriteError):  # a render fails the same way until something changes
            retry_in = backoff(
                output.failures, first=1.0, longest=LONGEST_BACKOFF, draw=parts.draw()
            )
            self._due[output.path] = parts.clock.now() + retry_in
        parts.log.error(
            "file not written",
            path=output.path,
            error=str(error),
            error_class=error.label,
            retry_in=retry_in and round(retry_in, 1),
        )
