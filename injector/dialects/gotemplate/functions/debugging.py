"""Functions that print values for debugging. Those that print to the agent's output print nothing.

Secrets do not belong in the output of this program.
"""

from collections.abc import Callable
from typing import Any


def _shows_nothing(*_values: Any) -> str:
    return ""


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "spew_dump": _shows_nothing,
    "spew_printf": _shows_nothing,
}
