"""Whether everything needed is in place: for `/readyz`, and for starting the command."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from injector.base.health import Health, HealthState
from injector.engine.delivery import Delivery, Output
from injector.engine.store import Generation, Store
from injector.engine.watch import Watch
from injector.sources.source import Source

NOT_YET = "not in place yet"
OF_BEFORE = "still what an earlier configuration or run has made it"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Reads the state of one assembly; has no state itself."""

    health: Health
    store: Store
    watch: Watch
    delivery: Delivery
    sources: Mapping[str, Source]

    def reasons(self) -> list[str]:
        """Return why this is not ready; empty if it is.

        Ready means that everything is in place, nothing in use has expired, and the command runs if
        there is one. An outage of Vault alone changes nothing. Nor does a reload after which a file
        cannot be made: what was in place before still serves.
        """
        missing = [output for output in self.delivery.unsettled() if not output.state.in_place]
        command = self.health.of("child", "exec")
        waits = command is not None and command.state is not HealthState.OK
        return self._unfit(missing) + (["the command is not running"] if waits else [])

    def lacking(self) -> list[str]:
        """Return what a command started now would lack; earlier files do not count."""
        return self._unfit(self.delivery.unsettled())

    def _unfit(self, outputs: Collection[Output[Any]]) -> list[str]:
        missing = [
            f"{output.title} is {OF_BEFORE if output.destination.content_hash else NOT_YET}"
            f"{self._because(output)}"
            for output in outputs
        ]
        gone = [f"{name} no longer exists (on_missing: fail)" for name in self.watch.gone()]
        ended = {words for _, words, _ in self.expired()}
        return missing + gone + sorted(ended)

    def expired(self) -> list[tuple[str, str, float]]:
        """Return each secret that is read although it has expired, in words, and since when."""
        return [
            (self.watch.called(value.ref), self._ended(output, value), value.life.expires_at)
            for output, value in self.delivery.ended()
        ]

    def _because(self, output: Output[Any]) -> str:
        """Return what keeps an output back: itself, a missing secret, or its source."""
        lacks = (ref for ref in output.state.wants if self.store.current(ref) is None)
        concerned = [
            (output.kind, output.name),
            *sorted(("secret", self.watch.called(ref)) for ref in lacks),
            *(report for source in self._sources_of(output) for report in source.reports),
        ]
        reports = filter(None, (self.health.of(*each) for each in concerned))
        errors = (str(report.error) for report in reports if report.error is not None)
        return "".join(f": {'; '.join(error.splitlines())}" for error in islice(errors, 1))

    def _sources_of(self, output: Output[Any]) -> list[Source]:
        """Return the sources that an output needs, in the order of the configuration."""
        needed = {ref.source for ref in output.state.wants}
        return [source for name, source in self.sources.items() if name in needed]

    def before_first_start(self, unasked: Collection[str]) -> list[str]:
        """Return what else the first start waits for: sinks, and each hook's first run.

        A failed hook does not delay the start: it may need the command. The `unasked` are not
        waited for: hooks about the command itself, and those that ran in an earlier process.
        """
        sinks = [sink for sink in self.health.all("sink") if sink.state is not HealthState.OK]
        hooks = [
            hook
            for hook in self.health.all("notify")
            if hook.state is HealthState.WAITING and hook.name not in unasked
        ]
        return [
            *(f"{sink.name} is not in place yet" for sink in sinks),
            *(f"hook '{hook.name}' has not run yet" for hook in hooks),
        ]

    def _ended(self, output: str, generation: Generation) -> str:
        name = self.watch.called(generation.ref)
        if generation is self.store.current(generation.ref):
            return f"{name} has expired"
        return f"{output} holds a value of {name} that has expired"
