"""Whether all that is needed is there: what `/readyz` says, and what the command is started on."""

from collections.abc import Collection
from dataclasses import dataclass

from injector.delivery import Delivery
from injector.health import Health, State
from injector.store import Generation, Store
from injector.watch import Watch


@dataclass(frozen=True, slots=True)
class Readiness:
    """Reads the parts of one assembly that know; knows nothing itself."""

    health: Health
    store: Store
    watch: Watch
    delivery: Delivery

    def reasons(self) -> list[str]:
        """Return why this is not ready; nothing when it is.

        Everything of this run is in place, nothing in use has expired, and the command runs if
        there is one: an outage of Vault alone changes nothing.
        """
        command = self.health.of("child", "exec")
        waits = command is not None and command.state is not State.OK
        return self.lacking() + (["the command does not run"] if waits else [])

    def lacking(self) -> list[str]:
        """Return what is not in place, or not of use any more."""
        missing = [f"{output} is {how}" for output, how in self.delivery.missing()]
        gone = [f"{name} does not exist any more (on_missing: fail)" for name in self.watch.gone()]
        ended = {self._ended(output, value) for output, value in self.delivery.ended()}
        return missing + gone + sorted(ended)

    def before_first_start(self, unasked: Collection[str]) -> list[str]:
        """Return what the command is started after, besides: sinks, and each hook's first turn.

        A hook that fails holds nothing up: it may need the command. Nobody waits for the `unasked`:
        those who tell the command itself, and who had their turn in an earlier run.
        """
        sinks = [sink for sink in self.health.all("sink") if sink.state is not State.OK]
        hooks = [
            hook
            for hook in self.health.all("notify")
            if hook.state is State.WAITING and hook.name not in unasked
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
