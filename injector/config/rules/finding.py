"""The result of a rule: where, and which other values must be valid for it to apply."""

from typing import NamedTuple

from injector.config.problem import Where


class Finding(NamedTuple):
    """One problem or warning; `given` are keys of the block that it depends on."""

    where: Where
    text: str
    given: tuple[str, ...] = ()
    warning: bool = False

    def stands(self, broken: set[Where]) -> bool:
        """Return whether everything it depends on was readable."""
        around = (self.where[:end] for end in range(1, len(self.where) + 1))
        rests_on = (*around, *((*self.where, key) for key in self.given))
        return broken.isdisjoint(rests_on)
