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
        rests_on = (self.where, *((*self.where, key) for key in self.given))
        return broken.isdisjoint(rests_on)
