"""The parser of each command, with examples and exit codes in its help."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType

from injector.base import errors

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

# argparse tries each argument with a formatter, which would else look for the terminal's width.
PLAIN = partial(argparse.HelpFormatter, width=80)


def exits(*kinds: Kind) -> dict[str, str]:
    """Return the exit codes of these classes of errors, or of all, and what they mean."""
    return {str(kind.exit_code): kind.means for kind in kinds or _EVERY_KIND}


def module_of(command: str) -> ModuleType:
    return import_module(f"injector.cli.{command}")


class Command(argparse.ArgumentParser):
    """The parser of one command. Its help is built from the module's constants when requested."""

    def __init__(self, name: str, summary: str) -> None:
        super().__init__(prog=f"injector {name}", formatter_class=PLAIN)
        self.module = module_of(name)
        self._summary = summary
        self.module.add_arguments(self)

    def format_help(self) -> str:
        """Return usage, `NOTE`, arguments, `EXAMPLES` and `EXITS`, as wide as the terminal."""
        self.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=width())
        paragraphs = [f"{self._summary[0].upper()}{self._summary[1:]}."]
        paragraphs += self.module.NOTE.split("\n\n")
        self.description = "\n\n".join(map(wrapped, paragraphs))
        examples = "\n".join(f"  {line}" for line in self.module.EXAMPLES)
        self.epilog = f"examples:\n{examples}\n\nexit codes:\n{table(self.module.EXITS)}"
        return super().format_help()


def parse(
    parser: argparse.ArgumentParser, module: ModuleType, words: Sequence[str]
) -> argparse.Namespace:
    """Return the arguments of a command.

    A module with subcommands that also runs a command after `--` sets CUT_AT_DASHES: argparse would
    take that command for one of the subcommands.
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


def add_log_level(parser: argparse.ArgumentParser) -> None:
    """Add `--log-level`, for a look at what goes on without touching the configuration."""
    levels = ("trace", "debug", "info", "warn", "error")
    parser.add_argument(
        "--log-level", choices=levels, help="log from this level on, whatever `log_level` says"
    )


def duration(text: str) -> float:
    """Parse a duration as in the configuration: the type of `--timeout`, `--watch` and others."""
    from injector.config.leaves import duration_of  # only where one is given
    from injector.config.problem import Wrong

    try:
        return duration_of(text)
    except Wrong as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def width() -> int:
    """Return the width of help text: that of the terminal, within readable limits."""
    import shutil  # only for those who ask for help

    return min(max(shutil.get_terminal_size().columns, 40), 100) - 2


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    import textwrap  # only for help

    return textwrap.fill(text, width(), initial_indent=first, subsequent_indent=rest)


def table(meanings: Mapping[str, str], longest: int = 0) -> str:
    """Return a row for each word with its meaning, wrapped in its column."""
    longest = max(longest, *map(len, meanings))
    return "\n".join(
        wrapped(text, f"  {word:<{longest}}  ", " " * (longest + 4))
        for word, text in meanings.items()
    )
