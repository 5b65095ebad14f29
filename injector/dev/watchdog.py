"""Cleans up after this process if it is killed, from a second process that waits for that."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from injector.dev.guard import end, left_behind


@contextlib.contextmanager
def watched(directory: str | Path) -> Iterator[None]:
    """If we die within the block, `directory` and the processes that run for it are removed.

    Those are the processes with its path in their command line or environment. If the block
    ends normally, ending them is up to the caller.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "injector.dev.watchdog", str(directory)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in a terminal is not for it
    ) as watchdog:
        try:
            yield
        finally:
            watchdog.kill()


def main() -> None:
    """Wait until the other end of standard input is closed, then clean up."""
    directory = sys.argv[1]
    sys.stdin.buffer.read()
    end(lambda: left_behind(directory))
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
