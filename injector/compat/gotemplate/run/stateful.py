"""Functions that keep something from one call to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stateful:
    """A function, and what is called in its place when an argument is not known yet.

    Other functions are not called then, and what they give is unknown too.
    """

    call: Callable[..., Any]
    with_unknown: Callable[..., Any]
