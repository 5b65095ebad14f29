"""Which outputs use which secret, and which generation of it they have accepted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from injector.engine.delivery.output import Output
from injector.engine.store import Generation, Store
from injector.secret import Ref


class Consumers:
    """The outputs by the secrets they use; tells the store what is wanted and delivered."""

    def __init__(self, outputs: Mapping[str, Output[Any]], store: Store) -> None:
        self._outputs = outputs
        self._places = {name: place for place, name in enumerate(outputs)}
        self._store = store
        self._by_ref: dict[Ref, set[str]] = defaultdict(set)

    def want(self, output: Output[Any], refs: frozenset[Ref]) -> None:
        """Set the secrets that an output is made from."""
        for ref in output.state.wants - refs:
            self._by_ref[ref].discard(output.name)
            if not self._by_ref[ref]:
                del self._by_ref[ref]
        for ref in refs - output.state.wants:
            self._by_ref[ref].add(output.name)
            # It may have been accepted in an earlier run, or before this output needed it.
            if (accepted := self._store.newest_delivered(ref)) is not None:
                output.state.accepted.setdefault(ref, accepted)
        output.state.wants = refs
        self._want(output)

    def _want(self, output: Output[Any]) -> None:
        """Also keep the leases that the output is no longer made from, until that is accepted."""
        held = (ref for ref, generation in output.state.accepted.items() if generation.is_lease)
        self._store.want(output.name, output.state.wants.union(held))

    def of(self, refs: Iterable[Ref]) -> list[str]:
        """Return the outputs that want one of these, in the order of the configuration."""
        names = {name for ref in refs for name in self._by_ref.get(ref, ())}
        return sorted(names, key=self._places.__getitem__)

    def accept(self, outputs: Iterable[Output[Any]], now: float) -> None:
        """Note that the applications of these outputs have accepted what was written.

        A generation is delivered once all users of its secret have accepted it.
        """
        accepted: dict[Ref, Generation] = {}
        for output in outputs:
            output.state.record_accepted()
            self._want(output)
            accepted |= output.state.accepted
        self._store.record_delivered(
            {
                ref: generation.number
                for ref, generation in accepted.items()
                if all(
                    self._outputs[name].state.accepted.get(ref) is generation
                    for name in self._by_ref.get(ref, ())
                )
            },
            now,
        )
