"""How much text one rendering may still make. Whatever makes text asks before it takes memory.

The engine's fuel bounds its own operators and filters; this bounds ours, and what is printed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from injector.base.errors import RenderError

LONGEST = 2**24  # characters
ITEM = 64  # what an item of a map or a list counts for, as it takes time

_left: ContextVar[int] = ContextVar("left", default=LONGEST)


@contextmanager
def of_a_rendering() -> Iterator[None]:
    """Begin with a full budget; a rendering around this one gets back what it had left."""
    before = _left.set(LONGEST)
    try:
        yield
    finally:
        _left.reset(before)


def spend(length: int) -> None:
    """Note that so many characters are about to be made; raises RenderError if too many."""
    left = _left.get() - length
    if left < 0:
        raise RenderError(
            f"the rendering makes more than {LONGEST >> 20} Mi characters: write less of it"
        )
    _left.set(left)
