"""Functions that keep state between calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stateful:
    """A function, and the one that is called instead if an argument is unknown.

    Other functions are not called then, and their result is unknown too.
    """

    call: Callable[..., Any]
    with_unknown: Callable[..., Any]
