"""What of requests listeners pass on to Vault, and with whose token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passing:
    """What the listeners of a configuration pass on; `gives` our token, or `force`s it."""

    gives: bool | str = False
    # Of each listener in turn: whether it passes requests on, and only with `X-Vault-Request`.
    listeners: tuple[tuple[bool, bool], ...] = ()
