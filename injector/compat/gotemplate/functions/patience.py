"""Ends what takes too long: Python's regular expressions may search forever, where Go's do not.

Python looks at signals while it searches, and a signal's handler may raise.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from injector.compat.gotemplate.go.faults import GoError

LIMIT = 1.0  # seconds of the processor


class _TooLongError(Exception):
    pass


@contextmanager
def patience() -> Iterator[None]:
    """Raise GoError if what is done within takes too long; only the main thread gets signals."""
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
            f"the regular expression takes more than {LIMIT:g} s on this text: write it without "
            "repetitions within repetitions, such as (a+)+"
        ) from None
    finally:
        signal.signal(signal.SIGVTALRM, before)


def _stop(*_: object) -> None:
    raise _TooLongError
