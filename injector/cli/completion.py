"""`injector completion`: shell completion of commands, options, files and names."""

import argparse
import os
import re
import shlex
from collections.abc import Sequence

from injector.base.errors import ConfigError, InjectorError
from injector.cli import COMMANDS, Overview
from injector.cli.parser import exits, module_of

SHELLS = ("bash", "zsh", "fish")
NOTE = """\
Names of secrets and destinations are completed from the configuration given with -c on the same
line; without -c, names of secrets come from the running injector."""
EXAMPLES = (
    "source <(injector completion bash)                    # in ~/.bashrc",
    'injector completion zsh > "${fpath[1]}/_injector"',
    "injector completion fish > ~/.config/fish/completions/injector.fish",
)
EXITS = {"0": "printed", **exits(InjectorError, ConfigError)}

# What a usage line calls an argument → which names it is completed with.
NAMES = {"NAME": "secrets", "DEST": "destinations"}
# Names with other characters are not offered: bash would run a $(…) in a word to choose from.
PLAIN = re.compile(r"[\w@%+=:,./-]+")
# The shell asks `injector` itself, and shows it the line so far.
_ASK = {
    "bash": """
_injector_WHAT() {
  compgen -W "$(injector completion --names WHAT --line "${COMP_WORDS[*]}" 2>/dev/null)" -- "$1"
}""",
    "zsh": """
_injector_WHAT() {
  compadd -- ${(f)"$(injector completion --names WHAT --line "${words[*]}" 2>/dev/null)"}
}""",
    "fish": """
function _injector_WHAT
  injector completion --names WHAT --line (commandline -pc) 2>/dev/null
end""",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="which shell")
    # For the printed script, not for people.
    parser.add_argument("--names", choices=tuple(NAMES.values()), help=argparse.SUPPRESS)
    parser.add_argument("--line", default="", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    if args.names:
        found = names(args.names, words(args.line))
        print("\n".join(name for name in found if PLAIN.fullmatch(name)))
    elif args.shell:
        print(script(args.shell))
    else:
        raise ConfigError(f"which shell is it for: {', '.join(SHELLS)}?")
    return 0


def script(shell: str) -> str:
    """Return the completion script for a shell."""
    import shtab

    overview = Overview()
    commands = overview.add_subparsers(parser_class=argparse.ArgumentParser)
    for name, summary in COMMANDS.items():
        parser = commands.add_parser(name, help=summary)
        module_of(name).add_arguments(parser)
        _mark(parser)
    return shtab.complete(overview, shell)


def _mark(parser: argparse.ArgumentParser) -> None:
    """Mark each argument with how to complete it, according to its name in the usage line."""
    import shtab

    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for inner in action.choices.values():
                _mark(inner)
        elif action.choices is not None:
            action.choices = tuple(action.choices)  # a mapping would be taken for subcommands
        elif action.metavar in {"FILE", "PATH"}:
            vars(action)["complete"] = shtab.FILE
        elif action.metavar == "DIR":
            vars(action)["complete"] = shtab.DIRECTORY
        elif action.metavar in NAMES:
            vars(action)["complete"] = _asking(NAMES[str(action.metavar)])


def _asking(what: str) -> dict[str, object]:
    name = f"_injector_{what}"
    ask = {shell: text.replace("WHAT", what) for shell, text in _ASK.items()}
    return {"bash": name, "zsh": name, "fish": f"({name})", "preamble": ask}


def words(line: str) -> list[str]:
    """Split a line as a shell does; one with an open quote at its spaces."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def names(what: str, words: Sequence[str]) -> list[str]:
    """Return the names in the line's configuration; without one, those of a running injector."""
    from injector.config import load

    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-c", "--config")
    parser.add_argument("--address")
    args = parser.parse_known_args(words)[0]
    if not args.config:
        return _running(args.address) if what == "secrets" else []
    config = load(os.path.expanduser(args.config), os.environ).config
    if what == "secrets":
        return list(config.secrets)
    files = [template.destination for template in config.template]
    for bundle in config.bundle:
        files += [os.path.join(bundle.directory, each.destination) for each in bundle.template]
    return files


def _running(address: str | None) -> list[str]:
    """Return the secrets of a running injector that have a name."""
    from injector.cli import client
    from injector.cli.status import fetch

    return [secret["name"] for secret in fetch(client.find(address, None))["secrets"]]
