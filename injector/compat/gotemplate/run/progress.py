"""The progress of an execution: its remaining limits, and the current call."""

from injector.compat.gotemplate.go.faults import GoError
from injector.compat.gotemplate.go.limits import STEPS, check_text


class Progress:
    """The remaining steps, and how much text has been produced."""

    __slots__ = ("call", "left", "length")

    def __init__(self) -> None:
        self.left = STEPS
        self.length = 0
        self.call = 0  # position of the current call in the source

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise GoError("the template takes too many steps: is there an endless loop?")

    def wrote(self, length: int) -> None:
        self.length += length
        check_text(self.length)
