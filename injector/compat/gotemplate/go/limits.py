"""How much a template may make: Go knows no bound but memory, and a daemon needs one.

All of them are far beyond what files of secrets are. They are against mistakes: whoever writes the
templates can still write one that takes long.
"""

from typing import Any

from injector.compat.gotemplate.go.faults import GoError

# Some ten seconds. A template of a thousand secrets takes ten thousand steps.
STEPS = 2_000_000
LONGEST_TEXT = 2**26  # characters
SHORT = LONGEST_TEXT // STEPS  # all steps together cannot make too much of this
LONGEST_LIST = 1_000_000  # items


def within_limits(made: Any) -> Any:
    """Return what a function has made; raises GoError if that is too long."""
    if isinstance(made, str):
        check_text(len(made))
    elif isinstance(made, list):
        check_list(len(made))
    return made


def check_text(length: int) -> None:
    if length > LONGEST_TEXT:
        raise GoError("so long a text is not made")


def check_list(length: int) -> None:
    if length > LONGEST_LIST:
        raise GoError("so long a list is not made")
