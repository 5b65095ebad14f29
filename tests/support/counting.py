"""Counts calls of a function: what is done once must not be done for each secret."""

import cProfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(function: Callable) -> Iterator[Callable[[], int]]:
    """Yield what returns how often this function has been called inside, by whomever."""
    profile = cProfile.Profile()

    def calls() -> int:
        return sum(each.callcount for each in profile.getstats() if each.code is function.__code__)

    with profile:
        yield calls
