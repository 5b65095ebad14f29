"""The demo's application: reads its file on SIGHUP and prints what it holds, masked.

Started as `python -m injector.dev.demo.application FILE PID_FILE`.
"""

import os
import signal
import sys
import time
from pathlib import Path


def masked(value: str) -> str:
    """Return the part of a value that may be shown."""
    return f"{value[:2]}•••"


def main(path: Path, pid_file: Path) -> None:
    def read(*_: object) -> None:
        settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
        holds = " ".join(f"{name}={masked(value)}" for name, value in settings.items())
        # Unlike print, this may interrupt itself when two signals come at once.
        os.write(sys.stdout.fileno(), f"holds {holds}\n".encode())

    signal.signal(signal.SIGHUP, read)
    pid_file.write_text(f"{os.getpid()}\n")
    os.write(sys.stdout.fileno(), b"ready\n")
    while True:  # not signal.pause(): it sleeps through a signal that came just before
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
