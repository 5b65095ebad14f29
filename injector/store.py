"""The record of generations: what every secret is now, and who uses what.

Nobody else remembers leases. `watch` adds generations, `delivery` says what it wants and which
generations the application has taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from injector.clock import Wakeup
from injector.secret import Kind, Life, Ref
from injector.vault.answer import Answer


class Phase(StrEnum):
    """Where one generation of a secret is on its way."""

    PUBLISHED = "published"  # templates see it
    ACKNOWLEDGED = "acknowledged"  # every application that uses it has been told
    SUPERSEDED = "superseded"  # a newer one was acknowledged; held for its overlap


@dataclass(slots=True)
class Generation:
    """One value of a secret. `published_at` is on the injected clock."""

    ref: Ref
    number: int
    answer: Answer | None = field(repr=False)  # None: an optional secret that does not exist
    life: Life
    published_at: float
    phase: Phase = Phase.PUBLISHED

    @property
    def data(self) -> Mapping[str, Any] | None:
        return None if self.answer is None else self.answer.data


class Store:
    """Every secret's newest generation, and who wants which secrets."""

    def __init__(self) -> None:
        self._current: dict[Ref, Generation] = {}
        self._wants: dict[str, frozenset[Ref]] = {}
        self._changed: set[Ref] = set()
        self._confirmed: set[Ref] = set()
        self.news = Wakeup()  # rung for delivery
        self.wishes = Wakeup()  # rung for watch

    # -- for watch

    @property
    def wanted(self) -> set[Ref]:
        """Every secret that somebody wants."""
        return {ref for refs in self._wants.values() for ref in refs}

    def current(self, ref: Ref) -> Generation | None:
        return self._current.get(ref)

    def publish(self, ref: Ref, answer: Answer | None, life: Life, now: float) -> Generation:
        """Add a generation and tell delivery."""
        before = self._current.get(ref)
        number = 1 if before is None else before.number + 1
        generation = Generation(ref, number, answer, life, now)
        self._current[ref] = generation
        self._changed.add(ref)
        self.news.ring()
        return generation

    def confirm(self, ref: Ref, life: Life) -> Generation:
        """Note that the current generation is still right, and for how long."""
        generation = self._current[ref]
        generation.life = life
        self._confirmed.add(ref)
        self.news.ring()
        return generation

    def make_due(self, kind: Kind) -> None:
        """Let secrets of this kind be refreshed as soon as somebody watches them again."""
        for generation in self._current.values():
            if generation.life.kind is kind:
                generation.life = replace(generation.life, granted_at=0.0)

    def forget(self, ref: Ref) -> None:
        """Drop a secret that nobody wants any more."""
        self._current.pop(ref, None)

    # -- for delivery

    def want(self, owner: str, refs: frozenset[Ref]) -> None:
        """Say which secrets `owner` is made from; replaces what it said before."""
        if self._wants.get(owner) != refs:
            self._wants[owner] = refs
            self.wishes.ring()

    def want_nothing_but(self, owners: Iterable[str]) -> None:
        """Drop the wishes of owners that a reload removed."""
        keep = set(owners)
        self._wants = {owner: refs for owner, refs in self._wants.items() if owner in keep}
        self.wishes.ring()

    def snapshot(self, refs: Iterable[Ref]) -> dict[Ref, Mapping[str, Any] | None]:
        """Return the data of those secrets that are there; None for an absent optional one."""
        return {ref: self._current[ref].data for ref in refs if ref in self._current}

    def take_news(self) -> tuple[set[Ref], set[Ref]]:
        """Return (changed, confirmed) since the last call."""
        changed, self._changed = self._changed, set()
        confirmed, self._confirmed = self._confirmed, set()
        return changed, confirmed - changed

    def generations(self, refs: Iterable[Ref]) -> dict[Ref, int]:
        """Return which generation of each secret a render has seen."""
        return {ref: self._current[ref].number for ref in refs if ref in self._current}

    def acknowledge(self, generations: Mapping[Ref, int]) -> None:
        """Say that everybody who uses these generations has been told."""
        for ref, number in generations.items():
            generation = self._current.get(ref)
            if generation is not None and generation.number == number:
                generation.phase = Phase.ACKNOWLEDGED

    # -- for status

    def all(self) -> list[Generation]:
        return list(self._current.values())
