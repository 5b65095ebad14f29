"""The record of generations: what every secret is now, what it was, and who uses what.

Nothing else remembers leases. `watch` adds generations, `delivery` says what it wants and which
generations the applications have accepted, `revoke` revokes what is no longer used. The redactor
knows everything in the record.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from msgspec import structs

from injector.base.clock import Wakeup
from injector.base.redactor import Redactor
from injector.engine.history import Outcome, Rotations
from injector.engine.store.generation import Generation, Phase
from injector.engine.store.issuances import Issuances
from injector.secret import Answer, Content, Kind, Life, Ref
from injector.sources.source import Token

_OUTCOMES = {Phase.PUBLISHED: Outcome.PUBLISHED, Phase.DELIVERED: Outcome.DELIVERED}


class Store:
    """Every secret's generations, and who wants which secrets."""

    def __init__(self, dirty: Wakeup, redactor: Redactor, rotations: Rotations) -> None:
        self._dirty = dirty  # rung whenever there is something to hand over
        self._redactor = redactor
        self._rotations = rotations
        self._current: dict[Ref, Generation] = {}
        self._pending: dict[Ref, Generation] = {}
        self._older: list[Generation] = []  # leases that are not revoked yet
        self._wants: dict[str, frozenset[Ref]] = {}
        self._beside: Counter[str] | None = None  # what is wanted by place, once counted
        self._changed: set[Ref] = set()
        self._confirmed: set[Ref] = set()
        self._withdrawn: dict[Ref, int] = {}  # with their last generation
        self._hidden: set[Ref] = set()  # whose values the redactor knows
        self.issuances = Issuances()  # for budgets
        self.value_changed = Wakeup()  # rung for delivery
        self.wanted_changed = Wakeup()  # rung for watch
        self._revocable: dict[str, Wakeup] = defaultdict(Wakeup)
        self._lease_replaced: dict[str, Wakeup] = defaultdict(Wakeup)

    def revocable(self, source: str) -> Wakeup:
        """Return what is rung for revoke when something of this source may be given back."""
        return self._revocable[source]

    def lease_replaced(self, source: str) -> Wakeup:
        """Return what is rung for watch when a lease of this source is to be replaced."""
        return self._lease_replaced[source]

    # -- for watch

    @property
    def wanted(self) -> set[Ref]:
        """Every secret that somebody wants."""
        return {ref for refs in self._wants.values() for ref in refs}

    def count_beside(self, ref: Ref) -> int:
        """Return how many secrets are wanted at this path, with these or other parameters."""
        if self._beside is None:
            self._beside = Counter(wanted.place for wanted in self.wanted)
        return max(1, self._beside[ref.place])

    def current(self, ref: Ref) -> Generation | None:
        return self._current.get(ref)

    def pending(self, ref: Ref) -> Generation | None:
        return self._pending.get(ref)

    def newest(self, ref: Ref) -> Generation | None:
        return self._pending.get(ref) or self._current.get(ref)

    def add(
        self, ref: Ref, answer: Answer | None, life: Life, *, token: Token | None, now: float
    ) -> Generation:
        """Record a generation as soon as it exists; `publish` lets templates see it."""
        newest = self.newest(ref)
        last = self._withdrawn.get(ref, 0) if newest is None else newest.number
        if (unused := self._pending.get(ref)) is not None:
            self._supersede(unused, now)
        rotation_id = self._rotations.new_id()
        generation = Generation(ref, last + 1, answer, life, token, now, rotation_id=rotation_id)
        self._pending[ref] = generation
        self.lease_replaced(ref.source).ring()
        self._hide(generation)
        self._dirty.ring()
        return generation

    def publish(self, ref: Ref) -> Generation:
        """Let templates see the pending generation, and tell delivery."""
        generation = self._pending.pop(ref)
        before = self._current.get(ref)
        if before is not None and before.is_lease:
            self._older.append(before)
            self.revocable(ref.source).ring()  # what is over meanwhile may be dropped
            self.lease_replaced(ref.source).ring()
        generation.phase = Phase.PUBLISHED
        self._current[ref] = generation
        self._withdrawn.pop(ref, None)
        self._rotations.record_published(generation.rotation)
        self._tell(ref)
        return generation

    def extend(self, source: str, token: Token) -> None:
        """Note that a token lives on, and with it the leases it created."""
        for lease in self.leases(source):
            if lease.token is not None and lease.token.is_same(token):
                lease.token = token
                lease.life = structs.replace(lease.life, token_expires_at=token.expires_at)

    def confirm(self, ref: Ref, life: Life) -> Generation:
        """Note that the current generation is still valid, and for how long."""
        generation = self._current[ref]
        generation.life = life
        self._confirmed.add(ref)
        self.value_changed.ring()
        if generation.is_lease:
            self._dirty.ring()
        return generation

    def still_held(self, source: str) -> list[Generation]:
        """Return leases that are in use, though the next one is there: not accepted, or pending."""
        current = (self._current.get(ref) for ref in self._pending)
        held = [found for found in current if found is not None and found.is_lease]
        return [found for found in held + self._replaced_ones() if found.ref.source == source]

    def _replaced_ones(self) -> list[Generation]:
        """Return replaced leases whose successor has not been accepted."""
        return [older for older in self._older if older.phase is not Phase.SUPERSEDED]

    def renewed(self, older: Generation, life: Life) -> None:
        """Note that a lease lives on although the next one is there."""
        older.life = life
        self._dirty.ring()

    def withdraw(self, ref: Ref, now: float) -> None:
        """Note that a secret was deleted: files made from it have to be removed."""
        newest = self.newest(ref)
        self.forget(ref, now)
        self._withdrawn[ref] = 0 if newest is None else newest.number
        self._tell(ref)

    def is_withdrawn(self, ref: Ref) -> bool:
        """Return whether the files made from this secret have to be removed."""
        return ref in self._withdrawn

    def make_due(self, kind: Kind) -> None:
        """Let secrets of this kind be refreshed as soon as somebody watches them again."""
        for generation in self._current.values():
            if generation.life.kind is kind:
                generation.life = structs.replace(generation.life, granted_at=0.0)

    def forget(self, ref: Ref, now: float) -> None:
        """Drop a secret that is no longer wanted; its leases may now be revoked."""
        for found in (self._current.pop(ref, None), self._pending.pop(ref, None)):
            if found is not None:
                self._supersede(found, now)
        self._let_go(now, lambda older: older.ref == ref)
        self._rotations.forget(ref)
        self._redactor.forget(ref)
        self._hidden.discard(ref)
        self._withdrawn.pop(ref, None)

    # -- for delivery

    def want(self, owner: str, refs: frozenset[Ref]) -> None:
        """Say which secrets `owner` is made from; replaces what it said before."""
        if self._wants.get(owner) != refs:
            self._wants[owner] = refs
            self._wants_changed()

    def want_nothing_but(self, owners: Iterable[str]) -> None:
        """Drop what owners that a reload removed had wanted."""
        keep = set(owners)
        self._wants = {owner: refs for owner, refs in self._wants.items() if owner in keep}
        self._wants_changed()

    def snapshot(self, refs: Iterable[Ref]) -> dict[Ref, Content | None]:
        """Return the data of those secrets that are there; None for an absent optional one."""
        return {ref: self._current[ref].content for ref in refs if ref in self._current}

    def count_lacking(self, refs: frozenset[Ref]) -> int:
        """Return how many of these are missing."""
        return sum(ref not in self._current for ref in refs)

    def withdrawn(self, refs: frozenset[Ref]) -> bool:
        """Return whether one of these was deleted."""
        return not self._withdrawn.keys().isdisjoint(refs)

    def take_changes(self) -> tuple[set[Ref], set[Ref]]:
        """Return (changed, confirmed) since the last call."""
        changed, self._changed = self._changed, set()
        confirmed, self._confirmed = self._confirmed, set()
        return changed, confirmed - changed

    def generations(self, refs: Iterable[Ref]) -> dict[Ref, Generation]:
        """Return the current generation of each secret."""
        return {ref: self._current[ref] for ref in refs if ref in self._current}

    def newest_delivered(self, ref: Ref) -> Generation | None:
        """Return the newest generation that all its users have accepted, if it is still known."""
        known = [self._current.get(ref), *reversed(self._older)]
        delivered = (
            found
            for found in known
            if found is not None and found.ref == ref and found.phase is Phase.DELIVERED
        )
        return next(delivered, None)

    def record_delivered(self, generations: Mapping[Ref, int], now: float) -> None:
        """Note that all users of these generations accepted them: older ones may be revoked."""
        for ref, number in generations.items():
            current = self._current.get(ref)
            if current is None or current.number != number:
                continue
            if current.phase is not Phase.DELIVERED:
                current.phase = Phase.DELIVERED
                self._rotations.record_delivered(current.rotation)
        self._let_go(now, lambda older: older.number < generations.get(older.ref, 0))
        self._dirty.ring()

    # -- for revoke

    def superseded(self, source: str, now: float) -> list[Generation]:
        """Return the leases that are no longer used, or have expired."""
        return [
            older
            for older in self._older
            if older.ref.source == source
            and (older.phase is Phase.SUPERSEDED or older.life.expires_at <= now)
        ]

    def leases(self, source: str | None = None) -> list[Generation]:
        """Return every recorded lease, or those of one source."""
        return [
            found
            for found in self.everything()
            if found.is_lease and source in (None, found.ref.source)
        ]

    def drop(self, generation: Generation) -> None:
        """Drop the record of a lease that is revoked or has expired."""
        self._older.remove(generation)
        self._redactor.forget((generation.ref, generation.lease_id))
        self._dirty.ring()

    def in_use(self, source: str, token: Token) -> bool:
        """Return whether some lease would die with this token."""
        return any(
            lease.token is not None and lease.token.is_same(token) for lease in self.leases(source)
        )

    # -- for the hand-over

    def everything(self) -> list[Generation]:
        """Return every recorded generation."""
        return [*self._current.values(), *self._pending.values(), *self._older]

    def restore(
        self, generations: Iterable[Generation], issuances: Mapping[str, Iterable[float]]
    ) -> None:
        """Start with what another process recorded; numbering continues from there."""
        for found in sorted(generations, key=lambda generation: generation.number):
            found.rotation_id = found.rotation_id or self._rotations.new_id()
            if found.phase is Phase.SUPERSEDED:
                self._older.append(found)
            elif found.phase is Phase.PENDING:
                self._pending[found.ref] = found
            else:
                if (before := self._current.get(found.ref)) is not None and before.is_lease:
                    self._older.append(before)
                self._current[found.ref] = found
                self._rotations.resume(found.rotation, _OUTCOMES[found.phase])
            self._hide(found)
        self.issuances.restore(issuances)

    # -- for another configuration

    def clear(self) -> None:
        """Drop everything: it came from another server. Its values stay redacted until `forget`."""
        for lease in self.leases():
            self._redactor.forget((lease.ref, lease.lease_id))
        for record in (self._current, self._pending, self._older, self.issuances):
            record.clear()

    def unwanted(self) -> set[Ref]:
        """Return the secrets on record that nothing in this configuration uses."""
        return (self._hidden | self._withdrawn.keys()) - self.wanted

    # -- for status

    def all(self) -> list[Generation]:
        """Return the current generations of all wanted secrets."""
        return [self._current[ref] for ref in self.wanted & self._current.keys()]

    def _hide(self, generation: Generation) -> None:
        """Redact a value while it is in use; that of a lease, until it is revoked."""
        ref = generation.ref
        in_use = (self._pending.get(ref), self._current.get(ref))
        self._redactor.learn(ref, [found.data for found in in_use if found is not None])
        self._hidden.add(ref)
        if lease_id := generation.lease_id:
            # To somebody who knows the path, its random end is as good as all of it.
            last = lease_id.rpartition("/")[2]
            held = [{"lease_id": [lease_id, last]}, generation.data]
            self._redactor.learn((ref, lease_id), held)

    def _supersede(self, generation: Generation, now: float) -> None:
        if generation.is_lease:
            generation.phase, generation.superseded_at = Phase.SUPERSEDED, now
            self._older.append(generation)
            self.revocable(generation.ref.source).ring()

    def _let_go(self, now: float, whom: Callable[[Generation], bool]) -> None:
        """Note that these replaced leases are no longer used."""
        for older in filter(whom, self._replaced_ones()):
            older.phase, older.superseded_at = Phase.SUPERSEDED, now
            self.revocable(older.ref.source).ring()

    def _wants_changed(self) -> None:
        self._beside = None
        self.wanted_changed.ring()

    def _tell(self, ref: Ref) -> None:
        self._changed.add(ref)
        self.value_changed.ring()
