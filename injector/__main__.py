"""`injector` and `python -m injector`."""

# Not `signal`, which takes as long to import as all that was before: a signal would kill meanwhile.
import _signal  # type: ignore[import-not-found]
import gc
import os
import sys

# Importing makes many objects and no garbage: collecting meanwhile is a tenth of the start-up.
gc.disable()


def main() -> None:
    if sys.argv[1:2] in (["run"], ["agent"]):
        _live_through_requests()
    if os.getpid() == 1:
        from injector.pid1 import stay_behind

        stay_behind()  # the child keeps what it lives through: the first signal may wait for it
    from injector.cli import main as command_line

    sys.exit(command_line(sys.argv[1:]))


def _live_through_requests() -> None:
    """Ignore reload signals during start-up: everything is about to be read anyway."""
    for number in (_signal.SIGHUP, _signal.SIGUSR1, _signal.SIGUSR2):
        if _signal.getsignal(number) is _signal.SIG_DFL:  # with nohup it stays ignored
            _signal.signal(number, lambda *_: None)


if __name__ == "__main__":
    main()
