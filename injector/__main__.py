"""`injector` and `python -m injector`."""

import gc
import os
import signal
import sys

# Importing makes many objects and no garbage: collecting meanwhile is a tenth of the start-up.
gc.disable()


def main() -> None:
    if os.getpid() == 1:
        from injector.init import stay_behind

        stay_behind()
    if sys.argv[1:2] in (["run"], ["agent"]):
        _live_through_requests()
    from injector.cli import main as command_line

    sys.exit(command_line(sys.argv[1:]))


def _live_through_requests() -> None:
    """Ignore reload signals during start-up: everything is about to be read anyway."""
    for number in (signal.SIGHUP, signal.SIGUSR1):
        if signal.getsignal(number) is signal.SIG_DFL:  # with nohup it stays ignored
            signal.signal(number, lambda *_: None)


if __name__ == "__main__":
    main()
