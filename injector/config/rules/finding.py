"""What a rule has found: where, and which other values have to be right for it to be true."""

from typing import NamedTuple

from injector.config.problem import Where


class Finding(NamedTuple):
    """One problem or warning; `given` are keys of the block whose stand-ins would mislead."""

    where: Where
    text: str
    given: tuple[str, ...] = ()
    warning: bool = False

    def stands(self, broken: set[Where]) -> bool:
        """Return whether nothing that it rests on was unreadable."""
        rests_on = (self.where, *((*self.where, key) for key in self.given))
        return broken.isdisjoint(rests_on)
