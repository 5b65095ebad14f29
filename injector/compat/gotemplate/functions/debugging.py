"""What shows values while a template is written. What went to the agent's own output shows nothing.

A secret does not belong into the output of this program.
"""

from collections.abc import Callable
from typing import Any


def _shows_nothing(*_values: Any) -> str:
    return ""


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "spew_dump": _shows_nothing,
    "spew_printf": _shows_nothing,
}
