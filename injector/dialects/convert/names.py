"""Names the secrets of a configuration."""

import re
from collections.abc import Iterator

from injector.config.rules.names import RESERVED
from injector.sources.vault.ref import VaultRef


class Names:
    """Unique names of secrets, and of the variables in templates."""

    def __init__(self) -> None:
        self.of: dict[VaultRef, str] = {}
        self._variables: set[str] = set()

    def copy(self) -> "Names":
        """Return a copy, for a conversion that may fail."""
        made = Names()
        made.of = dict(self.of)
        made._variables = set(self._variables)
        return made

    def secret(self, ref: VaultRef) -> str:
        """Return the name of a secret, taken from the end of its path."""
        if ref not in self.of:
            taken = {*self.of.values(), *self._variables}
            self.of[ref] = next(name for name in _after(ref.path) if name not in taken)
        return self.of[ref]

    def variable(self, word: str) -> str:
        """Return the template's name for a loop variable, or another one if a secret has it."""
        wished = word.lstrip("$")
        taken = set(self.of.values())
        names = (wished, *_after(f"{wished}_"))
        name = next(name for name in names if name not in taken | RESERVED)
        self._variables.add(name)
        return name


def _after(path: str) -> Iterator[str]:
    steps = [re.sub(r"\W", "_", step, flags=re.ASCII) for step in path.partition("?")[0].split("/")]
    for count in range(1, len(steps) + 1):
        name = "_".join(steps[-count:])
        name = f"_{name}" if name[:1].isdigit() else name
        if name and name not in RESERVED:
            yield name
    for number in range(2, 10_000):
        yield f"{steps[-1]}_{number}"
