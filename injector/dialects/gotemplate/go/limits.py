"""Limits on what a template may produce: Go's only limit is memory, and a daemon needs others.

They are far above what files of secrets need. Those on texts and lists hold for each, before it is
made, and for all that one rendering makes: `Progress` counts those.
"""

from time import thread_time
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError

# A template of a thousand secrets takes ten thousand steps, and a twentieth of a second.
STEPS = 2_000_000
LONGEST = 2.0  # seconds of CPU time: whatever else the process does waits for it
LONGEST_TEXT = 2**24  # characters
SHORT = LONGEST_TEXT // STEPS  # not counted: the number of steps limits their total
LONGEST_LIST = 1_000_000  # items
# How many steps may pass between two looks at the time, and a text for which one is worth it.
_LOOK_EVERY, _LARGE = 1024, 4096


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


class Progress:
    """What is left of the limits of one rendering: steps, CPU time, text, lists."""

    __slots__ = ("_began", "_items", "_made", "_written", "call", "left")

    def __init__(self) -> None:
        self.left = STEPS
        self.call = 0  # position of the current call in the source
        self._began = thread_time()
        self._written = 0  # characters of its output
        self._made = 0  # characters of the texts that functions have returned
        self._items = 0  # of the lists that they have

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise GoError("the template takes too many steps: is there an endless loop?")
        if not self.left % _LOOK_EVERY:
            self._look_at_the_time()

    def wrote(self, length: int) -> None:
        self._written += length
        check_text(self._written)

    def made(self, result: Any) -> Any:
        """Return the result of a function; raises GoError if all together are too long.

        They may all be kept, in variables and in a scratch.
        """
        if isinstance(result, str):
            self._made += len(result)
            check_text(self._made)
            if len(result) > _LARGE:
                self._look_at_the_time()
        elif isinstance(result, list):
            self._items += len(result)
            check_list(self._items)
            if len(result) > _LARGE:
                self._look_at_the_time()
        return result

    def _look_at_the_time(self) -> None:
        if thread_time() - self._began > LONGEST:
            raise GoError(f"the template takes more than {LONGEST:g} s, in which all else waits")
