"""`injector check`: everything that is wrong with a configuration, in one run."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TextIO

from injector import config
from injector.cli.parser import add_config, exits
from injector.config import model
from injector.errors import ConfigError

# `config.load`, perhaps with the checks of parts that `config` does not know.
Load = Callable[[str, Mapping[str, str]], config.Loaded]

EXAMPLES = (
    "injector check -c injector.yaml",
    "injector check -c injector.yaml --elsewhere    # on a machine without its directories",
)
EXITS = {"0": "there is no problem; there may be warnings", **exits(ConfigError)}


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say about one file; as JSON it is the output of `--json`."""

    file: str
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    secrets: int = 0
    files: int = 0
    notifications: int = 0
    # Namespace → what is asked for in it; empty if nothing names a namespace.
    namespaces: dict[str, list[str]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return ConfigError.exit_code if self.problems else 0


def report(file: str, environ: Mapping[str, str], load: Load = config.load) -> Report:
    try:
        loaded = load(file, environ)
    except ConfigError as error:
        return Report(file, problems=error.problems)
    found = loaded.config
    return Report(
        file,
        warnings=loaded.warnings,
        secrets=len(found.secrets),
        files=len(found.template) + sum(len(bundle.template) for bundle in found.bundle),
        notifications=len(found.notify),
        namespaces=namespaces(found),
    )


def namespaces(found: model.Config) -> dict[str, list[str]]:
    """Return who asks in which namespace: each request has exactly one, its own or the default."""
    asked: dict[str, list[str]] = {}
    if found.auto_auth is not None:
        login = found.auto_auth.method.namespace or found.vault.namespace
        asked.setdefault(login, []).append("login")
    for name, secret in found.secrets.items():
        asked.setdefault(secret.namespace or found.vault.namespace, []).append(name)
    return asked if any(asked) else {}


def lines(result: Report) -> list[str]:
    """Return the report as people read it; the last line is the verdict."""
    said = [*result.problems, *(f"warning: {warning}" for warning in result.warnings)]
    for namespace, names in result.namespaces.items():
        said.append(f"namespace {namespace or '(root)'}: {', '.join(names)}")
    if result.problems:
        verdict = _count(len(result.problems), "problem")
    else:
        counts = (
            _count(result.secrets, "secret"),
            _count(result.files, "file"),
            _count(result.notifications, "notification target"),
        )
        verdict = f"ok ({', '.join(counts)})"
    return [*said, f"{result.file}: {verdict}"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def check(
    file: str,
    environ: Mapping[str, str],
    out: TextIO,
    *,
    as_json: bool = False,
    load: Load = config.load,
) -> int:
    """Print the report; return the exit code."""
    result = report(file, environ, load)
    if as_json:
        print(json.dumps({"ok": not result.problems} | asdict(result), indent=2), file=out)
    else:
        print("\n".join(lines(result)), file=out)
    return result.exit_code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument(
        "--elsewhere",
        action="store_true",
        help="it is meant for another machine: do not look at destinations here",
    )


def main(args: argparse.Namespace) -> int:
    from injector.agent.plan import plan

    def load(file: str, environ: Mapping[str, str]) -> config.Loaded:
        return plan(file, environ, elsewhere=args.elsewhere).loaded

    return check(args.config, os.environ, sys.stdout, as_json=args.json, load=load)
