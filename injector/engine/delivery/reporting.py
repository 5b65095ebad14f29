"""Reports what happens to outputs: to health, metrics and the rotations behind them."""

from collections.abc import Callable, Iterable
from typing import Any

from injector.base.context import Context
from injector.base.errors import InjectorError
from injector.base.health import Report
from injector.engine.delivery.output import Output
from injector.engine.history import Outcome, Rotation, Rotations
from injector.engine.store import Store
from injector.secret import Ref

# A line of the log names at most this many secrets.
MOST = 20


def rotation_facts(rotations: Iterable[Rotation], called: Callable[[Ref], str]) -> dict[str, Any]:
    """Return the facts by which lines of the log about the same new values are found.

    Of very many, only the first are named.
    """
    found = {rotation.id: rotation for rotation in rotations}
    first = list(found.values())[:MOST]
    return {
        "secrets": {called(rotation.ref): rotation.generation for rotation in first},
        "rotations": [rotation.id for rotation in first],
        **({"more": len(found) - MOST} if len(found) > MOST else {}),
    }


class Reporter:
    """Says which outputs wait for a secret, are up to date, or are stale, and why."""

    def __init__(self, context: Context, *, store: Store, rotations: Rotations) -> None:
        self._context = context
        self._store = store
        self._rotations = rotations

    def report_waiting(self, output: Output[Any]) -> None:
        """Note that there is nothing to write yet, or any more."""
        self._context.health.waiting(output.kind, output.name)
        self._context.metrics.file_stale.set(1, output.name)

    def report_up_to_date(self, output: Output[Any], *, written: bool) -> None:
        """Note that it is up to date."""
        self._context.health.ok(output.kind, output.name)
        self._context.metrics.file_stale.set(0, output.name)
        self._context.metrics.renders.add(output.name, "written" if written else "unchanged")

    def report_failed(self, output: Output[Any], error: InjectorError) -> Report:
        """Note that it could not be made, checked or written; return the report, to be logged."""
        return self._report_stale(output, error, Outcome.FAILED)

    def report_rolled_back(self, output: Output[Any], error: InjectorError) -> None:
        """Note that it is out of date because an application has rejected what is newer."""
        self._report_stale(output, error, Outcome.ROLLED_BACK)

    def _report_stale(self, output: Output[Any], error: InjectorError, outcome: Outcome) -> Report:
        context = self._context
        unaccepted = output.state.unaccepted(self._store.generations(output.state.wants))
        self._rotations.record_failed(unaccepted, error, outcome)
        context.metrics.file_stale.set(1, output.name)
        context.metrics.renders.add(output.name, outcome.value)
        return context.health.failing(output.kind, output.name, error)
