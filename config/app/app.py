"""Stand in for an application: reads its settings from a file, and again when it is told to.

It is told by SIGHUP or, if RELOAD_PORT is set, by POST /reload on that port.
"""
# ruff: noqa: INP001, T201, S104 - a script that prints, in a container of its own

import hashlib
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SETTINGS = Path(os.environ.get("SETTINGS", "/secrets/app.env"))
RELOAD_PORT = int(os.environ.get("RELOAD_PORT", "0"))


def read_settings() -> None:
    """Read them, and print what shows a change without showing a value."""
    content = SETTINGS.read_bytes()
    lines = content.decode().splitlines()
    names = [line.partition("=")[0] for line in lines if "=" in line]
    fingerprint = hashlib.sha256(content).hexdigest()[:8]
    print(f"settings {', '.join(names)}: fingerprint {fingerprint}", flush=True)


class Reload(BaseHTTPRequestHandler):
    """Answers POST /reload once the settings have been read."""

    def do_POST(self) -> None:
        """Read the settings again."""
        if self.path == "/reload":
            read_settings()
        self.send_response(204 if self.path == "/reload" else 404)
        self.end_headers()


# As PID 1 of its container it has to ask for SIGTERM: the kernel drops what PID 1 does not handle.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGHUP, lambda *_: read_settings())
read_settings()
if RELOAD_PORT:
    server = ThreadingHTTPServer(("0.0.0.0", RELOAD_PORT), Reload)
    Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(0.2)  # not signal.pause(): it sleeps through a signal that came just before
