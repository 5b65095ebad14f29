"""`injector once`: one pass, for init containers, CI jobs and cron."""

import argparse

from injector.agent.once import once
from injector.agent.plan import plan
from injector.cli.daemon import execute
from injector.config.leaves import Scalar, Style, duration
from injector.config.problem import Wrong


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", required=True, metavar="FILE", help="the configuration")
    parser.add_argument(
        "--timeout",
        type=_duration,
        default=120.0,
        metavar="DURATION",
        help="how long Vault may take to answer at all (120s)",
    )


def main(args: argparse.Namespace) -> int:
    planned = plan(args.config)
    return execute(planned.loaded, lambda kept: once(planned, kept, timeout=args.timeout))


def _duration(text: str) -> float:
    try:
        return duration(Scalar(text, Style.QUOTED, text))
    except Wrong as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None
