"""`injector run`: the daemon."""

import argparse

from injector.agent.plan import plan
from injector.agent.run import run
from injector.cli.daemon import execute


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", required=True, metavar="FILE", help="the configuration")


def main(args: argparse.Namespace) -> int:
    planned = plan(args.config)
    return execute(planned.loaded, lambda kept: run(planned, kept, load=lambda: plan(args.config)))
