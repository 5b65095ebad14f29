"""Limits on what a template may produce: Go's only limit is memory, and a daemon needs others.

They are far above what files of secrets need, and only protect against mistakes: a template can
still be written to take long.
"""

from typing import Any

from injector.compat.gotemplate.go.faults import GoError

# Some ten seconds. A template of a thousand secrets takes ten thousand steps.
STEPS = 2_000_000
LONGEST_TEXT = 2**26  # characters
SHORT = LONGEST_TEXT // STEPS  # not counted: the number of steps limits their total
LONGEST_LIST = 1_000_000  # items


def within_limits(made: Any) -> Any:
    """Return the result of a function; raises GoError if it is too long."""
    if isinstance(made, str):
        check_text(len(made))
    elif isinstance(made, list):
        check_list(len(made))
    return made


def check_text(length: int) -> None:
    if length > LONGEST_TEXT:
        raise GoError("the text would be too long")


def check_list(length: int) -> None:
    if length > LONGEST_LIST:
        raise GoError("the list would be too long")
