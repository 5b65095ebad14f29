"""`injector quit`: stops a running injector, for example a Job's sidecar."""

import argparse
import json

from injector.base.errors import ConfigError, DeniedError
from injector.cli import client
from injector.cli.parser import exits
from injector.cli.probe import NOBODY, add_target

NOTE = "It exits with code 0, so the main container of a Job can stop its sidecar this way."
EXAMPLES = ("injector quit", "injector quit --address http://127.0.0.1:8099")
EXITS = {"0": "it is stopping", **exits(ConfigError, DeniedError), "9": NOBODY}
DONE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    address = client.find(args.address, args.config)
    reply = client.request(address, "POST", "/quit")
    answer = client.answer(reply, address, expected={DONE})
    print(json.dumps(answer) if args.json else "stopping")
    return 0
