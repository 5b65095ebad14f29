"""Says once, loudly, when a value that readers see has expired."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any

from injector.base.context import Context
from injector.engine.delivery.output import Output
from injector.engine.delivery.reporting import rotation_facts
from injector.engine.store import EXPIRING, Generation
from injector.secret import Ref


class Expiries:
    """When the values in use end. A renewal moves that, which is seen when the time has come."""

    def __init__(self, context: Context, called: Callable[[Ref], str]) -> None:
        self._context = context
        self._called = called
        self._queue: list[tuple[float, str]] = []
        self._queued: set[tuple[float, str]] = set()
        self._outputs: dict[str, Output[Any]] = {}
        self._said: dict[str, set[str]] = {}  # rotations, by output

    def follow(self, output: Output[Any]) -> None:
        """Watch what an output shows now, instead of what it showed before."""
        self._said.pop(output.name, None)
        self._outputs[output.name] = output
        self._wait_for(output)

    def next_at(self) -> float:
        """Return when a value may end next."""
        return self._queue[0][0] if self._queue else inf

    def report(self) -> None:
        """Log what has ended."""
        now = self._context.clock.now()
        while self.next_at() <= now:
            due = heappop(self._queue)
            self._queued.discard(due)
            output = self._outputs[due[1]]
            said = self._said.setdefault(output.name, set())
            ended = [found for found in output.state.written.values() if found.has_ended(now)]
            for found in ended:
                if found.rotation_id not in said:
                    said.add(found.rotation_id)
                    self._say(output, found)
            self._wait_for(output)

    def _wait_for(self, output: Output[Any]) -> None:
        now = self._context.clock.now()
        ends = (found.life.expires_at for found in output.state.written.values() if _expires(found))
        at = min((at for at in ends if at > now), default=inf)
        if at < inf and (at, output.name) not in self._queued:
            self._queued.add((at, output.name))
            heappush(self._queue, (at, output.name))

    def _say(self, output: Output[Any], ended: Generation) -> None:
        self._context.log.error(
            "value in use has expired",
            path=output.name,
            **rotation_facts([ended.rotation], self._called),
        )


def _expires(generation: Generation) -> bool:
    return generation.life.kind in EXPIRING
