"""Which requests the listeners forward to Vault, and with which token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passing:
    """What the listeners forward; `gives` is whether they add our token, or `force` it."""

    gives: bool | str = False
    # For each listener: whether it forwards requests, and whether it requires `X-Vault-Request`.
    listeners: tuple[tuple[bool, bool], ...] = ()
