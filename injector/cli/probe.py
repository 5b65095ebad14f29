"""`injector probe`: for exec probes and compose health checks; no shell or curl needed."""

import argparse

from injector.base.errors import InjectorError
from injector.base.printable import printable
from injector.cli import client
from injector.cli.parser import add_config
from injector.cli.saying import report

PATHS = {"live": "/livez", "ready": "/readyz", "startup": "/readyz"}
OK = 200
NOTE = "For exec probes and compose health checks: needs no shell or curl in the image."
EXAMPLES = (
    "injector probe ready",
    "injector probe startup -c injector.yaml",
    "injector probe live --address http://127.0.0.1:8099",
)
NOBODY = "no injector answers"
EXITS = {"0": "yes", "1": f"no, or {NOBODY}"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=PATHS, help="`startup` is the same as `ready`")
    add_target(parser)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the options that locate a running injector."""
    parser.add_argument("--address", help="unix:///path or http://host:port")
    add_config(parser, required=False, help="use the first listener in this configuration")


def main(args: argparse.Namespace) -> int:
    """Return 0 or 1, the only codes that probes understand."""
    try:
        reply = client.request(client.find(args.address, args.config), "GET", PATHS[args.what])
    except InjectorError as exc:
        report(exc)
        return 1
    print(printable(reply.body.decode(errors="replace"), lines=True), end="")
    return 0 if reply.status == OK else 1
