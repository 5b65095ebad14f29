"""Stops what takes too long: Python's regular expressions may search forever, unlike Go's.

Python checks for signals while it searches, and a signal handler may raise.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from injector.compat.gotemplate.go.faults import GoError

LIMIT = 1.0  # seconds of CPU time


class _TooLongError(Exception):
    pass


@contextmanager
def patience() -> Iterator[None]:
    """Raise GoError if the body takes too long; only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _TooLongError:
        raise GoError(
            f"the regular expression takes more than {LIMIT:g} s on this text: avoid nested "
            "repetitions such as (a+)+"
        ) from None
    finally:
        signal.signal(signal.SIGVTALRM, before)


def _stop(*_: object) -> None:
    raise _TooLongError
