"""Stand in for an application: reads its settings from a file, and again on SIGHUP."""
# ruff: noqa: INP001, T201 - a script that prints

import hashlib
import os
import signal
import sys
import time
from pathlib import Path

SETTINGS = Path(os.environ.get("SETTINGS", "/secrets/app.env"))


def read_settings() -> None:
    """Read them, and print what shows a change without showing a value."""
    content = SETTINGS.read_bytes()
    lines = content.decode().splitlines()
    names = [line.partition("=")[0] for line in lines if "=" in line]
    fingerprint = hashlib.sha256(content).hexdigest()[:8]
    print(f"settings {', '.join(names)}: fingerprint {fingerprint}", flush=True)


# As PID 1 of its container it has to ask for SIGTERM: the kernel drops what PID 1 does not handle.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGHUP, lambda *_: read_settings())
read_settings()
while True:
    time.sleep(0.2)  # not signal.pause(): it sleeps through a signal that came just before
