"""`injector status`: shows the state of a running injector, as a table or as JSON."""

import argparse
import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from injector.base.errors import ConfigError, TransientError
from injector.base.printable import printable
from injector.cli import client
from injector.cli.overview import overview
from injector.cli.parser import duration, exits
from injector.cli.probe import NOBODY, add_target

NOTE = """\
It is found by --address, then INJECTOR_ADDR, then the first listener in -c FILE, then
/run/injector/injector.sock. What needs attention comes first: the health in the first line, then
each problem, then tables."""
EXAMPLES = (
    "injector status",
    "injector status --watch",
    "injector status -c injector.yaml --json | jq .ready",
)
EXITS = {
    "0": "it answered, and nothing needs attention",
    "1": "it answered, and something needs attention",
    **exits(ConfigError),
    "9": NOBODY,
    "130": "--watch was interrupted with Ctrl-C",
}
OK = 200
NEEDS_ATTENTION = 1
# Terminal codes: alternate screen and back; to the top; clear the rest of line or screen.
ENTER, LEAVE, TOP, END_OF_LINE, END_OF_SCREEN = (
    "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l", "\x1b[H", "\x1b[K", "\x1b[J",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=duration,
        const=2.0,
        metavar="DURATION",
        help="repeat at this interval (2s); with --json, print one line each time",
    )


def main(args: argparse.Namespace) -> int:
    address = client.find(args.address, args.config)
    if args.watch is None:
        status = fetch(address)
        print(json.dumps(status, indent=2) if args.json else "\n".join(overview(status)))
        return NEEDS_ATTENTION if status["health"] == "failing" else 0
    interval = max(args.watch, 0.1)
    if args.json:
        return _follow(address, interval, json.dumps)
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return _follow(address, interval, lambda status: "\n".join([*overview(status), ""]))
    return _draw(address, interval)


def fetch(address: client.Address) -> dict[str, Any]:
    """Return the status of the injector at this address; raises ConfigError if it is not one."""
    status = client.answer(client.request(address, "GET", "/status"), address, expected={OK})
    if "uptime" not in status:
        raise ConfigError(f"what answers at {address} is not an injector; name its listener")
    return status


def _follow(
    address: client.Address, interval: float, shown: Callable[[dict[str, Any]], str]
) -> int:
    """Print the status repeatedly, until interrupted; raises TransientError if nothing answers."""
    while True:
        print(shown(fetch(address)), flush=True)
        time.sleep(interval)


def _draw(address: client.Address, interval: float) -> int:
    """Redraw the status on an alternate screen, until interrupted; restarts do not end it."""
    with _other_screen():
        while True:
            width, height = shutil.get_terminal_size()
            try:
                lines = overview(fetch(address))
            except TransientError as exc:
                why = textwrap.wrap(printable(str(exc)), width)
                lines = [*why, "", f"trying again every {interval:g}s"]
            sys.stdout.write(screen(lines, width, height))
            sys.stdout.flush()
            time.sleep(interval)


def screen(lines: list[str], width: int, height: int) -> str:
    """Return text that draws these lines over the previous ones, cut to fit."""
    if len(lines) > height:
        lines = [*lines[: height - 1], f"… and {len(lines) - height + 1} more lines"]
    cut = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    return TOP + "\r\n".join(f"{line}{END_OF_LINE}" for line in cut) + END_OF_SCREEN


@contextmanager
def _other_screen() -> Iterator[None]:
    sys.stdout.write(ENTER)
    try:
        yield
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()
