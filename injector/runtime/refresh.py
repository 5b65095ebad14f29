"""Refreshes secrets on demand, and answers once they are delivered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from injector.base.errors import InjectorError, MissingError, TransientError
from injector.config.problem import suggest
from injector.engine.delivery import Output
from injector.engine.history import Outcome
from injector.engine.store import Generation
from injector.engine.watch.watcher import Demand
from injector.runtime.assembly import Assembly
from injector.runtime.state import ProcessState
from injector.secret import Ref
from injector.sources.source import Source
from injector.status.refreshed import Refreshed, Result

# How often a request checks whether it is done, seconds.
LOOK_EVERY = 0.1
CUT_SHORT = "the injector is reloading or stopping: see its status, or try again"


@dataclass(slots=True)
class _Asked:
    """One secret of a request: its value before, Vault's answer, and since when it is retried."""

    ref: Ref
    name: str
    before: Generation | None
    demand: Demand
    retried_at: float = -inf
    consumers: list[Output[Any]] = field(default_factory=list)


class Refresh:
    """Refreshes one assembly's secrets: those named or, without names, all that are only read."""

    def __init__(self, assembly: Assembly, state: ProcessState) -> None:
        self._assembly = assembly
        self._store = state.store
        self._ledger = state.ledger
        self._rotations = state.rotations
        self._clock = state.clock
        self._redact = state.redactor.proofread

    async def __call__(self, names: Sequence[str], within: float) -> list[Refreshed]:
        """Ask Vault, deliver, and return the results, after at most `within` seconds.

        Content that an application has rejected is retried if Vault has nothing new. Raises
        MissingError for an unknown name.
        """
        ends_at = self._clock.now() + within
        all_asked = self._ask(self._refs(names))
        await self._until(lambda: all(map(self._is_answered, all_asked)), ends_at)
        self._retry_rejected(all_asked, everything=not names)
        await self._until(lambda: not any(map(self._is_pending, all_asked)), ends_at)
        return [self._last_answer(asked) for asked in all_asked]

    async def _until(self, over: Callable[[], bool], ends_at: float) -> None:
        """Poll: what is awaited is spread over all parts, and requests are rare."""
        while not (over() or self._is_cut_short) and self._clock.now() < ends_at:
            await self._clock.sleep(min(LOOK_EVERY, ends_at - self._clock.now()))

    # -- what is asked

    def _refs(self, names: Sequence[str]) -> dict[str, Ref]:
        watch = self._assembly.watch
        named = watch.named()
        if not names:
            static = set(watch.static())
            return {name: ref for name, ref in sorted(named.items()) if ref in static}
        for name in names:
            if name not in named:
                hint = suggest(name, sorted(named))
                raise MissingError(f"no file is made from a secret {name!r}; {hint}")
        return {name: named[name] for name in names}

    def _ask(self, refs: Mapping[str, Ref]) -> list[_Asked]:
        before = self._store.generations(refs.values())
        demands = self._assembly.watch.refresh(refs.values())
        return [_Asked(ref, name, before.get(ref), demands[ref]) for name, ref in refs.items()]

    def _retry_rejected(self, all_asked: list[_Asked], *, everything: bool) -> None:
        delivery = self._assembly.delivery
        for asked in all_asked:
            asked.consumers = delivery.consumers(asked.ref)
        unchanged = [asked.ref for asked in all_asked if not self._has_changed(asked)]
        retried = delivery.retry_rejected(None if everything else unchanged)
        for asked in all_asked:
            if any(output.name in retried for output in asked.consumers):
                asked.retried_at = self._clock.now()

    # -- what came of it

    def _has_changed(self, asked: _Asked) -> bool:
        current = self._store.current(asked.ref)
        return current is not None and current is not asked.before

    def _is_pending(self, asked: _Asked) -> bool:
        return self._answer(asked).result is Result.PENDING

    @property
    def _is_cut_short(self) -> bool:
        """Return whether this assembly is ending: the next one delivers what is still to come."""
        return self._assembly.unrepeatable.over

    def _last_answer(self, asked: _Asked) -> Refreshed:
        answer = self._answer(asked)
        if answer.result is Result.PENDING and self._is_cut_short:
            return replace(answer, reason=f"{answer.reason}; {CUT_SHORT}")
        return answer

    def _answer(self, asked: _Asked) -> Refreshed:
        if not asked.demand.done():
            return self._without_answer(asked)
        if asked.demand.cancelled():
            changed = TransientError("what uses it has changed in the meantime; try again")
            return self._failure(asked, changed)
        if (error := asked.demand.result()) is not None:
            return self._failure(asked, error)
        current = self._store.current(asked.ref)
        if self._store.pending(asked.ref) is not None or current is None:
            return _pending(asked, "a new value waits for its publish_delay")
        return self._result(asked, current)

    def _source(self, asked: _Asked) -> Source:
        return self._assembly.sources[asked.ref.source]

    def _is_answered(self, asked: _Asked) -> bool:
        """Return whether there is nothing to wait for: an answer, or a source that is down."""
        return asked.demand.done() or self._source(asked).availability.down

    def _without_answer(self, asked: _Asked) -> Refreshed:
        source = self._source(asked)
        report = source.obstacle and self._assembly.health.of(*source.obstacle)
        if report is not None and report.error is not None:
            return self._failure(asked, report.error)
        return _pending(asked, f"{source.title} has not answered yet")

    def _failure(self, asked: _Asked, error: InjectorError) -> Refreshed:
        reason = self._redact(str(error))
        return Refreshed(asked.name, Result.FAILED, reason=reason, error_class=error.label)

    def _result(self, asked: _Asked, current: Generation) -> Refreshed:
        event = self._rotations.newest(asked.ref)
        absent: tuple[str, ...] = ()
        if event is not None and event.outcome in {Outcome.FAILED, Outcome.ROLLED_BACK}:
            if event.at < asked.retried_at:
                return _pending(asked, "what was rejected is tried again")
            return Refreshed(
                asked.name,
                Result.FAILED,
                **_facts(asked, current),
                reason=event.reason,
                error_class=event.error_class,
            )
        if event is not None and event.outcome is not Outcome.DELIVERED:
            lacking, absent = self._lacking(asked, current)
            if lacking:
                return _pending(asked, f"not yet there: {', '.join(lacking)}", current)
        result = Result.CHANGED if self._has_changed(asked) else Result.UNCHANGED
        return Refreshed(asked.name, result, **_facts(asked, current), absent=absent)

    def _lacking(self, asked: _Asked, current: Generation) -> tuple[list[str], tuple[str, ...]]:
        """Return the files and applications that lack it, and applications that are not running."""
        pending = self._ledger.unconfirmed()
        files = [o.name for o in asked.consumers if o.state.written.get(asked.ref) is not current]
        targets = {
            target
            for output in asked.consumers
            for target in output.targets
            if target in pending and output.name in pending[target].outputs
        }
        absent = targets & self._ledger.absent  # looked for and not found, which is not a failure
        return files + sorted(targets - absent), tuple(sorted(absent))


def _facts(asked: _Asked, current: Generation) -> dict[str, Any]:
    targets = {target for output in asked.consumers for target in output.targets}
    return {
        "generation": current.number,
        "version": current.rotation.version or None,
        "files": tuple(output.name for output in asked.consumers),
        "notify": tuple(sorted(targets)),
    }


def _pending(asked: _Asked, reason: str, current: Generation | None = None) -> Refreshed:
    facts = {} if current is None else _facts(asked, current)
    return Refreshed(asked.name, Result.PENDING, **facts, reason=reason)
