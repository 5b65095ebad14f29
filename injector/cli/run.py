"""`injector run`: the daemon."""

import argparse

from injector.agent.plan import Plan, plan
from injector.agent.run import run
from injector.cli.daemon import execute
from injector.cli.parser import add_config, exits
from injector.errors import AuthError, ConfigError, InjectorError

NOTE = """\
With a command it supervises that one: it is started once everything is in place, restarted or
signalled when that changes, and its exit code is passed on.

SIGTERM and SIGINT end it, SIGHUP reads configuration and templates again, then KV; SIGUSR1 reads
KV again. What fails is tried again: see the log, `injector status` and /readyz."""
EXAMPLES = ("injector run -c injector.yaml", "injector run -c dev.yaml -- ./manage.py runserver")
EXITS = {
    "0": "stopped by SIGTERM, SIGINT or `POST /quit`",
    **exits(InjectorError, ConfigError, AuthError),
    "other": "with `exit_on_retry_failure`: those of `injector once`",
    "any": "with a command: its own; 127 not found, 126 not executable, 128+n ended by signal n",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.usage = "injector run [-h] -c FILE [-- CMD ARG …]"
    parser.add_argument(
        "command",
        metavar="-- CMD ARG …",
        nargs=argparse.REMAINDER,
        help="a command to supervise; beats `exec`",
    )


def main(args: argparse.Namespace) -> int:
    command = _command(args.command)

    def load() -> Plan:
        return plan(args.config, command=command)

    planned = load()
    return execute(planned.loaded, lambda kept: run(planned, kept, load=load))


def _command(words: list[str]) -> tuple[str, ...]:
    """Return what stands behind `--`: without that, options of the command would be ours."""
    if words and (words[0] != "--" or len(words) == 1):
        raise ConfigError("write the command after `--`: injector run -c FILE -- CMD ARG …")
    return tuple(words[1:])
