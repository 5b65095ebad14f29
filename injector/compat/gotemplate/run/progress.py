"""How far an execution is: what it may still do, and which call it is at."""

from injector.compat.gotemplate.go.faults import GoError

# Some ten seconds. A template of a thousand secrets takes ten thousand steps.
STEPS = 2_000_000


class Progress:
    """Go knows no limit of steps, a daemon needs one."""

    __slots__ = ("call", "left")

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps
        self.call = 0  # where in the source the call that is made begins

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise GoError("the template takes too many steps: is there an endless loop?")
