"""The commands. Each is a module with `add_arguments` and `main`, imported only when it runs."""

import argparse
import sys
from importlib import import_module

import injector
from injector.errors import ConfigError, InjectorError

# Name → what `injector --help` says of it.
COMMANDS = {
    "run": "keep files right and tell the application, until stopped",
    "once": "put every file in place, then exit (init containers, CI jobs)",
    "check": "report every problem of a configuration, without a server",
    "status": "show what a running injector does",
    "probe": "exit 0 if a running injector is live, ready or started, else 1",
    "policy": "print the least-privilege Vault policy that a configuration needs",
    "schema": "print the JSON Schema of the configuration, for editors",
    "demo": "watch the main job on a real server, in under a minute",
}
INTERNAL_ERROR = 1


def main(argv: list[str]) -> int:
    """Run one command and return its exit code: errors become one clear line each."""
    command, rest = _command(argv)
    module = import_module(f"injector.cli.{command}")
    parser = argparse.ArgumentParser(
        prog=f"injector {command}", description=_sentence(COMMANDS[command])
    )
    module.add_arguments(parser)
    try:
        code: int = module.main(parser.parse_args(rest))
    except InjectorError as exc:
        for line in exc.problems if isinstance(exc, ConfigError) else (str(exc),):
            print(f"injector: {line}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return INTERNAL_ERROR
    return code


def _command(argv: list[str]) -> tuple[str, list[str]]:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="injector",
        description=(injector.__doc__ or "").strip(),
        epilog=f"commands:\n{listing}\n\n`injector COMMAND --help` explains one of them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"injector {injector.__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    return args.command, args.rest


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
