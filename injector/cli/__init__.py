"""The commands, one module each with `add_arguments` and `main`, imported only when it runs.

What commands share:

- `parser`: each command's parser, with examples and exit codes in its help
- `daemon`: what `run` and `once` share: loading, logging, errors to exit codes
- `eventloop`: their event loop: a name server that hangs does not delay their end
- `client`, `wire`: ask a running injector, with next to no imports
- `overview`, `table`: the answer of `/status` as people read it
- `findings`: findings in one form: place, level, what, the line with a mark, what to do
- `saying`: prints what may come from anywhere, harmless and without secret values
"""

import argparse
import sys
from importlib.util import find_spec
from typing import NoReturn

import injector
from injector.base.errors import ConfigError, InjectorError
from injector.cli import parser as parsers
from injector.cli.saying import escape_what_has_no_code, report

# Purpose → command → its line in `injector --help`.
GROUPS = {
    "put secrets in place": {
        "run": "keep files up to date and notify the application, until stopped",
        "once": "write every file, then exit (init containers, CI jobs)",
    },
    "before a deployment": {
        "check": "report every problem in a configuration; --online asks Vault",
        "render": "show how what would be written differs from what is there",
        "policy": "print the least-privilege Vault policy for a configuration",
        "schema": "print the JSON Schema of the configuration, for editors",
    },
    "with a running injector": {
        "status": "show the state of a running injector",
        "refresh": "re-read or reissue secrets, and wait for delivery",
        "quit": "stop a running injector",
        "probe": "exit 0 if a running injector is live, ready or started, else 1",
    },
    "instead of Vault Agent": {
        "agent": "stand in for `vault agent` or `bao agent`: same files and flags",
        "convert": "translate a Vault Agent configuration, including its templates",
    },
    "in Kubernetes": {
        "inject": "add the agent to the pods in manifests that ask for it",
    },
    "for development": {
        "dev": "run a real server with made-up secrets, and rehearse failures",
    },
    "to get started": {
        "demo": "watch it work with a real server, in under a minute",
        "completion": "print a shell completion script",
    },
}
if find_spec("injector.dialects") is None:  # an installation without the dialects
    del GROUPS["instead of Vault Agent"]
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
INTERNAL_ERROR = 1


def main(argv: list[str]) -> int:
    """Run one command and return its exit code; an error is said with its place, if it has one."""
    escape_what_has_no_code(sys.stdout)
    command, rest = _command(argv)
    parser = parsers.Command(command, COMMANDS[command])
    module = parser.module
    try:
        code: int = module.main(parsers.parse(parser, module, rest))
    except InjectorError as exc:
        return report(exc)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return INTERNAL_ERROR
    return code


class Overview(argparse.ArgumentParser):
    """The top-level parser: `injector --help`, and the name of a command."""

    def __init__(self) -> None:
        super().__init__(
            prog="injector",
            formatter_class=parsers.PLAIN,
            usage="injector [--version] [--help] COMMAND …",
            epilog="`injector COMMAND --help` explains a command, with examples and exit codes.",
        )
        self.add_argument("--version", action="version", version=f"injector {injector.__version__}")

    def format_help(self) -> str:
        """Return a description, and the commands grouped by purpose."""
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        self.description = f"{parsers.wrapped((injector.__doc__ or '').strip())}\n\n{_listing()}"
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Exit with what is wrong, and where to look."""
        self.exit(ConfigError.exit_code, f"injector: {message}; see `injector --help`\n")


def _command(argv: list[str]) -> tuple[str, list[str]]:
    parser = Overview()
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help(sys.stderr)
        parser.exit(ConfigError.exit_code)
    if args.command not in COMMANDS:
        from injector.config.problem import suggest  # only when something is wrong

        there_is_none = f"there is no command {args.command!r}"
        parser.error(f"{there_is_none}; {suggest(args.command, list(COMMANDS))}")
    # As it stands: argparse would drop a `--` that follows the command's name.
    return args.command, argv[argv.index(args.command) + 1 :]


def _listing() -> str:
    longest = max(map(len, COMMANDS))
    return "\n\n".join(
        f"{title}:\n{parsers.table(group, longest)}" for title, group in GROUPS.items()
    )
