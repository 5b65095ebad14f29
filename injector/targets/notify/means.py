"""What commands, requests and signals are made with."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from injector.base.clock import Clock
from injector.base.log import Logger


@dataclass(frozen=True, slots=True)
class Means:
    """What every check and notification of one configuration shares."""

    clock: Clock
    log: Logger
    redact: Callable[[str], str]
    environ: Mapping[str, str] = field(repr=False)  # it may hold a token
    # Of the templates' own commands, which run one after another, as Vault Agent runs them.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
