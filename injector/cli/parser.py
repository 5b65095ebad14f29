"""The parser of each command: what it takes, with examples and exit codes that people can read."""

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType

from injector import errors

Kind = type[errors.InjectorError]
_EVERY_KIND: tuple[Kind, ...] = (
    errors.InjectorError,
    errors.ConfigError,
    errors.AuthError,
    errors.DeniedError,
    errors.MissingError,
    errors.RenderError,
    errors.WriteError,
    errors.HookError,
    errors.TransientError,
)


def exits(*kinds: Kind) -> dict[str, str]:
    """Return the exit codes of these classes of errors, or of all, and what they mean."""
    return {str(kind.exit_code): kind.means for kind in kinds or _EVERY_KIND}


def module_of(command: str) -> ModuleType:
    return import_module(f"injector.cli.{command}")


def fill(parser: argparse.ArgumentParser, module: ModuleType, summary: str) -> None:
    """Give a parser what a command's module says of it: arguments, `EXAMPLES`, `EXITS`, `NOTE`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = f"{summary[0].upper()}{summary[1:]}."
    if note := getattr(module, "NOTE", ""):
        parser.description += f"\n{note}"
    module.add_arguments(parser)
    parser.epilog = f"examples:\n{_lines(module.EXAMPLES)}\n\nexit codes:\n{_table(module.EXITS)}"


def parse(
    parser: argparse.ArgumentParser, module: ModuleType, words: Sequence[str]
) -> argparse.Namespace:
    """Return the arguments of a command.

    A module that has commands of its own, and runs somebody else's behind `--`, says so:
    argparse would take the second for one of the first.
    """
    if not getattr(module, "CUT_AT_DASHES", False):
        return parser.parse_args(words)
    cut = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:cut])
    args.command = words[cut + 1 :]
    return args


def add_config(parser: argparse.ArgumentParser, *, required: bool = True, help: str = "") -> None:  # noqa: A002 - argparse's word
    """Add `-c FILE`, which means the same to every command that has it."""
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        required=required,
        help=help or "configuration file: YAML or JSON, or Vault Agent's `.hcl`",
    )


def _lines(examples: tuple[str, ...]) -> str:
    return "\n".join(f"  {line}" for line in examples)


def _table(meanings: Mapping[str, str]) -> str:
    width = max(map(len, meanings))
    return "\n".join(f"  {code:<{width}}  {text}" for code, text in meanings.items())
