"""One thing that a policy must allow."""

from dataclasses import dataclass

from injector.config.problem import Where


@dataclass(frozen=True, slots=True)
class Need:
    """One path, and what has to be allowed on it.

    `parameters` are the only ones that are ever sent, or None if unknown. `without` says what
    happens without it; empty for a secret, which is then simply missing. `instead` is the other
    possible path, if only the mount can tell; empty if this one is certain. `names` are those that
    the configuration has for it.
    """

    path: str
    capabilities: tuple[str, ...]
    reasons: tuple[str, ...]
    namespace: str = ""
    parameters: tuple[str, ...] | None = None
    without: str = ""
    instead: str = ""
    names: tuple[str, ...] = ()

    @property
    def where(self) -> Where:
        """Return the path's place in the configuration; none if only templates have it."""
        return ("secrets", self.names[0], "path") if self.names else ()
