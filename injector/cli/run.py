"""`injector run`: the daemon."""

import argparse

from injector.agent.plan import plan
from injector.agent.run import run
from injector.cli.daemon import execute
from injector.cli.parser import add_config, exits
from injector.errors import AuthError, ConfigError, InjectorError

NOTE = """\
SIGTERM and SIGINT end it, SIGHUP reads configuration and templates again, then KV; SIGUSR1 reads
KV again. What fails is tried again: see the log, `injector status` and /readyz."""
EXAMPLES = ("injector run -c injector.yaml",)
EXITS = {
    "0": "stopped by SIGTERM, SIGINT or `POST /quit`",
    **exits(InjectorError, ConfigError, AuthError),
    "other": "with `exit_on_retry_failure`: those of `injector once`",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def main(args: argparse.Namespace) -> int:
    planned = plan(args.config)
    return execute(planned.loaded, lambda kept: run(planned, kept, load=lambda: plan(args.config)))
