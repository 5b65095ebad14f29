"""`injector once`: one pass, for init containers, CI jobs and cron."""

import argparse

from injector.base.errors import ConfigError
from injector.cli.daemon import execute
from injector.cli.parser import add_config, add_log_level, duration, exits
from injector.runtime.once import once
from injector.runtime.plan import plan

NOTE = """\
Errors that waiting will not fix (permission denied, a missing key) end it after 5 s; errors that
waiting may fix (no answer from Vault), after --timeout. Of several exit codes the smallest wins."""
EXAMPLES = (
    "injector once -c injector.yaml",
    "injector once -c injector.yaml --timeout 30s && exec gunicorn app:app",
)
EXITS = {
    "0": "every file is in place, and every running application has been notified",
    **exits(),
    "128+n": "terminated by signal n before it was done",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_log_level(parser)
    parser.add_argument(
        "--timeout",
        type=duration,
        default=120.0,
        metavar="DURATION",
        help="how long to keep trying while Vault does not answer (120s)",
    )


def main(args: argparse.Namespace) -> int:
    planned = plan(args.config)
    if planned.config.exec is not None or planned.config.env_template:
        raise ConfigError(
            f"{args.config}: exec, env_template: `once` starts no command; `injector run -c "
            f"{args.config}` does, with everything in place, and ends with its exit code"
        )
    return execute(
        planned.loaded,
        lambda state: once(planned, state, timeout=args.timeout),
        level=args.log_level,
    )
