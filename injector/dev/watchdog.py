"""Clears up after a process that is killed: a process of its own waits for that."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from injector.dev.guard import end, left_behind


@contextlib.contextmanager
def watched(folder: str | Path) -> Iterator[None]:
    """Whatever becomes of us within the block, nothing is left of `folder` and what runs for it.

    That is every process which has it in its command line or environment. What has such processes
    when the block ends in order has to see to them itself.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "injector.dev.watchdog", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in a terminal is not for it
    ) as watchdog:
        try:
            yield
        finally:
            watchdog.kill()


def main() -> None:
    """Wait until nobody holds the other end of standard input, then clear up."""
    folder = sys.argv[1]
    sys.stdin.buffer.read()
    end(lambda: left_behind(folder))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
