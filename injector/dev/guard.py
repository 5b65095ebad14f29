"""Runs something in its own process; whichever of the two dies, nothing is left behind."""

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# Signals that ask us to end are passed on.
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ASKED, LOOK = 3.0, 0.02  # seconds: from SIGTERM to SIGKILL; between two looks
INTERNAL_ERROR = 1


def guarded(work: Callable[[], int], clean_up: Callable[[], None]) -> int:
    """Run `work` in a child process; return its exit code, 128+n if signal n ended it.

    If we are killed, the child gets SIGTERM and ends cleanly; if it is killed, we end all
    that it started, orphans included. Whichever survives calls `clean_up`.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    guard = os.getpid()
    with _blocked(PASSED_ON):  # until both know what to do with them
        worker = os.fork()
        if worker == 0:
            _work(work, clean_up, guard)
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: _pass_on(number, worker))
    try:
        _, status = os.waitpid(worker, 0)
    finally:
        end(descendants)
        clean_up()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _work(work: Callable[[], int], clean_up: Callable[[], None], guard: int) -> None:
    """Be the child; never returns."""
    code = INTERNAL_ERROR
    try:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)  # for when the guard is gone
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        if os.getppid() == guard:
            code = work()
    except BaseException:  # noqa: BLE001 - nothing above us would report it
        traceback.print_exc()
    finally:
        end(descendants)
        clean_up()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


def end(remaining: Callable[[], set[int]]) -> None:
    """End processes until none remains: SIGTERM first, then SIGKILL."""
    asked: set[int] = set()
    deadline = time.monotonic() + ASKED
    while found := remaining():
        forced = time.monotonic() > deadline
        for pid in found:
            if forced or pid not in asked:
                asked.add(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if forced else signal.SIGTERM)
        time.sleep(LOOK)
        _reap()


def descendants() -> set[int]:
    """Return every living descendant of this process."""
    parents = dict(_parents())
    found: set[int] = set()
    generation = {os.getpid()}
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation} - found
        found |= generation
    return found


def left_behind(mark: str) -> set[int]:
    """Return every living process that has this text in its command line or environment."""
    return {
        pid
        for pid, parent in _parents()
        if os.getpid() not in (pid, parent)
        and any(mark.encode() in _read(f"/proc/{pid}/{name}") for name in ("cmdline", "environ"))
    }


def _read(path: str) -> bytes:
    """Return an empty result for a process that has ended or may not be looked at."""
    with contextlib.suppress(OSError):
        return Path(path).read_bytes()
    return b""


def _parents() -> Iterator[tuple[int, int]]:
    """Return every living process with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has just ended
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    yield int(entry.name), int(parent)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _pass_on(number: int, worker: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, number)


@contextlib.contextmanager
def _blocked(numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
