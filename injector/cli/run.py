"""`injector run`: the daemon."""

import argparse

from injector.base.errors import AuthError, ConfigError, InjectorError
from injector.cli.daemon import execute
from injector.cli.parser import add_config, add_log_level, exits
from injector.runtime.plan import Plan, plan
from injector.runtime.run import run

NOTE = """\
With a command, it supervises that command: starts it once everything is in place, restarts or
signals it when something changes, and exits with its exit code.

SIGTERM and SIGINT stop it, SIGHUP reloads configuration and templates and re-reads KV, SIGUSR1
re-reads KV. Whatever fails is retried: see the log, `injector status` and /readyz."""
EXAMPLES = ("injector run -c injector.yaml", "injector run -c dev.yaml -- ./manage.py runserver")
EXITS = {
    "0": "stopped by SIGTERM, SIGINT or `POST /quit`",
    **exits(InjectorError, ConfigError, AuthError),
    "other": "with `exit_on_retry_failure`: the codes of `injector once`",
    "any": "with a command: its own; 127 not found, 126 not executable, 128+n killed by signal n",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_log_level(parser)
    parser.usage = "injector run [-h] -c FILE [--log-level LEVEL] [-- CMD ARG …]"
    parser.add_argument(
        "command",
        metavar="-- CMD ARG …",
        nargs=argparse.REMAINDER,
        help="command to supervise; overrides `exec`",
    )


def main(args: argparse.Namespace) -> int:
    command = _command(args.command)

    def load() -> Plan:
        return plan(args.config, command=command)

    planned = load()
    return execute(
        planned.loaded, lambda state: run(planned, state, load=load), level=args.log_level
    )


def _command(words: list[str]) -> tuple[str, ...]:
    """Return the command after `--`, which is required: otherwise its options would be ours."""
    if words and (words[0] != "--" or len(words) == 1):
        raise ConfigError("write the command after `--`: injector run -c FILE -- CMD ARG …")
    return tuple(words[1:])
