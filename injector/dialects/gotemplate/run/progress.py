"""The progress of an execution: its remaining limits, and the current call."""

from time import thread_time
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.limits import LONGEST, STEPS, check_list, check_text

# How many steps may pass between two looks at the time, and a text for which one is worth it.
_LOOK_EVERY, _LARGE = 1024, 4096


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
