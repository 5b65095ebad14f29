"""One thing that a policy has to allow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """One path, and what has to be allowed on it.

    `parameters` are the only ones that are ever sent, or None where that is not known. `without`
    says what happens without it; empty for a secret, which cannot be had then. `instead` is the
    other path that may be meant, where only the mount tells which; empty where this one is certain.
    """

    path: str
    capabilities: tuple[str, ...]
    reasons: tuple[str, ...]
    namespace: str = ""
    parameters: tuple[str, ...] | None = None
    without: str = ""
    instead: str = ""
