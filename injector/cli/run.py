"""`injector run`: the daemon."""

import argparse

from injector.agent.run import run
from injector.cli.daemon import execute
from injector.cli.loading import load_checked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", required=True, metavar="FILE", help="the configuration")


def main(args: argparse.Namespace) -> int:
    loaded = load_checked(args.config)
    return execute(loaded, lambda kept: run(loaded, kept, load=lambda: load_checked(args.config)))
