"""How far an execution is: what it may still do, and which call it is at."""

from injector.compat.gotemplate.go.faults import GoError
from injector.compat.gotemplate.go.limits import STEPS, check_text


class Progress:
    """What is left to do of the steps, and how much text has been made."""

    __slots__ = ("call", "left", "length")

    def __init__(self) -> None:
        self.left = STEPS
        self.length = 0
        self.call = 0  # where in the source the call that is made begins

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise GoError("the template takes too many steps: is there an endless loop?")

    def wrote(self, length: int) -> None:
        self.length += length
        check_text(self.length)
