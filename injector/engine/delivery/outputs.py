"""All outputs of one configuration: who consumes what, what is due, who is notified."""

from collections.abc import Iterable, Iterator
from typing import Any

from injector.engine.delivery.consumers import Consumers
from injector.engine.delivery.notifier import Notifier
from injector.engine.delivery.output import Output
from injector.engine.delivery.schedule import Schedule
from injector.engine.store import Store


class Outputs:
    """The outputs by name, in the order of the configuration, and what is noted about them."""

    def __init__(self, outputs: Iterable[Output[Any]], store: Store) -> None:
        self.by_name = {output.name: output for output in outputs}
        self.consumers = Consumers(self.by_name, store)
        self.schedule = Schedule()
        self.notifiers: dict[str, Notifier] = {}

    def __iter__(self) -> Iterator[Output[Any]]:
        return iter(self.by_name.values())

    def __getitem__(self, name: str) -> Output[Any]:
        return self.by_name[name]

    def named(self, names: Iterable[str]) -> list[Output[Any]]:
        """Return those of these that the configuration still has, by name."""
        return [self.by_name[name] for name in sorted(self.by_name.keys() & set(names))]

    def notifiers_of(self, output: Output[Any]) -> list[Notifier]:
        return [self.notifiers[target] for target in output.targets]

    def revertible(self) -> set[str]:
        """Return the names of those that are rolled back if an application rejects them."""
        return {
            output.name
            for output in self
            if any(notifier.rolls_back for notifier in self.notifiers_of(output))
        }
