"""Limits on what a template may produce: Go's only limit is memory, and a daemon needs others.

They are far above what files of secrets need. Those on texts and lists hold for each, before it is
made, and for all that one rendering makes: see `run.progress`.
"""

from injector.dialects.gotemplate.go.faults import GoError

# A template of a thousand secrets takes ten thousand steps, and a twentieth of a second.
STEPS = 2_000_000
LONGEST = 2.0  # seconds of CPU time: whatever else the process does waits for it
LONGEST_TEXT = 2**24  # characters
SHORT = LONGEST_TEXT // STEPS  # not counted: the number of steps limits their total
LONGEST_LIST = 1_000_000  # items


def check_text(length: int) -> None:
    if length > LONGEST_TEXT:
        raise GoError("the text would be too long")


def check_replaced(text: str, old: str, new: str) -> None:
    """Raise GoError if the text would be too long once each `old` in it is a `new`."""
    if len(new) > len(old):
        times = text.count(old) if old else len(text) + 1
        check_text(len(text) + times * (len(new) - len(old)))


def check_list(length: int) -> None:
    if length > LONGEST_LIST:
        raise GoError("the list would be too long")
