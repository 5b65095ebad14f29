"""`injector check`: everything that is wrong with a configuration, in one run."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, TextIO

from injector import config
from injector.base.errors import (
    AuthError,
    ConfigError,
    DeniedError,
    HookError,
    InjectorError,
    TransientError,
    WriteError,
)
from injector.base.redactor import Redactor
from injector.cli.findings import Report, json_of
from injector.cli.parser import add_config, exits
from injector.cli.saying import guarded
from injector.config import model
from injector.config.document import Document
from injector.config.language import read
from injector.config.problem import Problem

if TYPE_CHECKING:
    from injector.preflight.check import Finding
    from injector.runtime.plan import Plan

# `config.load`, perhaps with the checks of parts that `config` does not know.
Load = Callable[[str, Mapping[str, str]], config.Loaded]

NOTE = """\
With --online it also asks Vault: it logs in, checks what the token may do at each path in use,
looks for permissions that nothing needs, and revokes the token. It reads no secrets, issues nothing
and sends nothing to applications. Run it on the machine and as the user the daemon will run as."""
NOT_TRIED = "online: not attempted, because the configuration has problems"
EXAMPLES = (
    "injector check -c injector.yaml",
    "injector check -c injector.yaml --elsewhere    # on a machine without its directories",
    "injector check -c injector.yaml --online",
)
EXITS = {
    "0": "no problems; there may be warnings",
    **exits(InjectorError, ConfigError, AuthError, DeniedError),
    "5": "no engine is mounted at a path",
    **exits(WriteError, HookError, TransientError),
}
# What else is wrong with a configuration that was loaded.
Look = Callable[[config.Loaded], tuple[object, ...]]


def _none(loaded: config.Loaded) -> tuple[object, ...]:
    del loaded
    return ()


def _missing(loaded: config.Loaded) -> tuple[object, ...]:
    """Return the programs that are not on this machine."""
    from injector.preflight.check.programs import check_programs

    found = [each for each in check_programs(loaded.config, os.environ) if each.exit_code]
    document = read(loaded.path, os.environ).document if found else None
    return tuple(_placed(each, document) for each in found)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one file; as JSON, the output of `--json`."""

    file: str
    # Problems with their places, or only their words.
    problems: tuple[object, ...] = ()
    warnings: tuple[Problem, ...] = ()
    # Of a configuration in another language: where our own default would be safer.
    advice: tuple[Problem, ...] = ()
    code: int = ConfigError.exit_code  # if there are problems
    secrets: int = 0
    files: int = 0
    variables: int = 0  # those of the supervised command
    notifications: int = 0
    # Namespace → what is asked for in it; empty if nothing names a namespace.
    namespaces: dict[str, list[str]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return self.code if self.problems else 0


def checked(
    file: str,
    environ: Mapping[str, str],
    load: Load = config.load,
    programs: Look = _none,
) -> Checked:
    """Load the file; `programs` returns what is wrong with those that it names."""
    try:
        loaded = load(file, environ)
    except ConfigError as error:
        return Checked(file, problems=error.found)
    found = loaded.config
    return Checked(
        file,
        problems=programs(loaded),
        code=HookError.exit_code,
        warnings=loaded.warnings,
        advice=loaded.advice,
        secrets=len(found.secrets),
        files=len(found.template) + sum(len(bundle.template) for bundle in found.bundle),
        variables=len(found.env_template),
        notifications=len(found.notify),
        namespaces=namespaces(found),
    )


def namespaces(found: model.Config) -> dict[str, list[str]]:
    """Return what is requested in which namespace: the login and secrets, by namespace."""
    asked: dict[str, list[str]] = {}
    if found.auto_auth is not None:
        login = found.auto_auth.method.namespace or found.vault.namespace
        asked.setdefault(login, []).append("login")
    for name, secret in found.secrets.items():
        asked.setdefault(secret.namespace or found.vault.namespace, []).append(name)
    return asked if any(asked) else {}


def write(result: Checked, report: Report) -> None:
    """Write the report; the last line is the verdict."""
    report.write("problem", result.problems)
    report.write("warning", result.warnings)
    report.write("advice", result.advice)
    for namespace, names in result.namespaces.items():
        report.line(f"namespace {namespace or '(root)'}: {', '.join(names)}")
    if result.problems:
        verdict = _count(len(result.problems), "problem")
    else:
        counts = (
            _count(result.secrets, "secret"),
            _count(result.files, "file"),
            *([_count(result.variables, "variable")] if result.variables else []),
            _count(result.notifications, "notification target"),
        )
        verdict = f"ok ({', '.join(counts)})"
    report.line(f"{result.file}: {verdict}")


def write_online(findings: "Sequence[Finding]", document: Document | None, report: Report) -> None:
    """Write what was found online; the last line is the verdict."""
    levels = [finding.level.value for finding in findings]
    counts = [
        _count(levels.count(level), level) for level in ("problem", "warning") if level in levels
    ]
    verdict = ", ".join(counts) or "ok"
    for finding in findings:
        report.write(finding.level.value, [_placed(finding, document)])
    code = min(filter(None, (f.exit_code for f in findings)), default=0)
    ending = f"; exit code {code}" if code else ""
    report.line(f"online: {verdict} ({_count(len(findings), 'finding')}){ending}")


def _placed(finding: "Finding", document: Document | None) -> object:
    """Return a finding with the place in the configuration that it is about, if it has one."""
    if document is None or not finding.where or finding.level.value in ("ok", "note"):
        return finding
    found = document.problem(finding.where, str(finding))._replace(where=())
    return document.shown([found])[0] if found.line else finding


def _finding_as_json(finding: "Finding", document: Document | None) -> dict[str, object]:
    whole = asdict(finding)
    del whole["where"]
    place = _placed(finding, document)
    if isinstance(place, Problem):
        whole |= {"file": place.file, "line": int(place.line), "column": place.column}
    return whole


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def check(
    file: str,
    environ: Mapping[str, str],
    out: TextIO,
    *,
    as_json: bool = False,
    load: Load = config.load,
    programs: Look = _none,
) -> int:
    """Print the report; return the exit code."""
    result = checked(file, environ, load, programs)
    if as_json:
        print(json.dumps(_as_json(result), indent=2), file=out)
    else:
        write(result, Report(out))
    return result.exit_code


def _as_json(result: Checked) -> dict[str, object]:
    found = {
        "problems": [json_of("problem", each) for each in result.problems],
        "warnings": [json_of("warning", each) for each in result.warnings],
        "advice": [json_of("advice", each) for each in result.advice],
    }
    whole = {"ok": not result.problems} | asdict(result) | found
    del whole["code"]
    return whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument(
        "--elsewhere",
        action="store_true",
        help="for a configuration meant for another machine: skip its destinations and processes",
    )
    parser.add_argument("--online", action="store_true", help="log in to Vault and check there too")
    parser.add_argument(
        "--use-secret-id",
        action="store_true",
        help="log in even though the secret id may be valid for a single login (its file is set to "
        "be removed afterwards); the file is kept",
    )


def main(args: argparse.Namespace) -> int:
    from injector.runtime.plan import plan

    def load(file: str, environ: Mapping[str, str]) -> config.Loaded:
        return _warned(plan(file, environ, elsewhere=args.elsewhere), here=not args.elsewhere)

    if not args.online:
        programs = _none if args.elsewhere else _missing
        return check(
            args.config, os.environ, sys.stdout, as_json=args.json, load=load, programs=programs
        )
    redactor = Redactor()
    return guarded(redactor, lambda: _check_both(args, load, redactor))


def _check_both(args: argparse.Namespace, load: Load, redactor: Redactor) -> int:
    from injector.runtime.plan import plan

    planned: Plan | None = None
    with suppress(ConfigError):
        # Destinations become findings below, as does all else on this machine. The plan itself is
        # for here nevertheless: the login needs this machine's environment and files.
        planned = plan(args.config, os.environ, destinations=False)
    if planned is None:
        result, findings = checked(args.config, os.environ, load), []
    else:
        loaded = _warned(planned, here=False)  # this machine is looked at below
        result = checked(args.config, os.environ, lambda *_: loaded)
        findings = _online(planned, args, redactor)
    document = read(args.config, os.environ).document if planned else None
    code = min(filter(None, (result.exit_code, *(f.exit_code for f in findings))), default=0)
    if args.json:
        found = [_finding_as_json(finding, document) for finding in findings]
        whole = _as_json(result) | {"ok": not code, "exit_code": code, "findings": found}
        print(json.dumps(whole, indent=2))
    else:
        report = Report(sys.stdout)
        write(result, report)
        if planned is None:
            report.line(NOT_TRIED)
        else:
            write_online(findings, document, report)
    return code


def _warned(planned: "Plan", *, here: bool) -> config.Loaded:
    """Return what was loaded, with warnings that only a check is worth: here, on this machine."""
    from injector.preflight.check.trust import untrusted
    from injector.preflight.check.unused import unused

    loaded = planned.loaded
    warnings = *loaded.warnings, *unused(planned), *(untrusted(planned, os.environ) if here else ())
    return replace(loaded, warnings=warnings)


def _online(planned: "Plan", args: argparse.Namespace, redactor: Redactor) -> "list[Finding]":
    import secrets

    from injector.base.clock import SystemClock
    from injector.base.context import Context
    from injector.base.log import logger
    from injector.base.private import keep_memory_private
    from injector.cli import eventloop
    from injector.preflight import check as checks
    from injector.preflight.policy import needs
    from injector.runtime.configuration_words import explain
    from injector.runtime.plan import refs_by_name

    keep_memory_private()
    explain(redactor, planned)
    log = logger(level="error", style=planned.config.log_format, redact=redactor.proofread)
    context = Context.alone(SystemClock(), os.environ, redactor, log)
    wanted = needs(
        planned.config,
        refs_by_name(planned.config),
        planned.templates.values(),
        directory=os.path.dirname(os.path.abspath(args.config)),
    )
    found = eventloop.run(
        checks.check(
            planned,
            wanted,
            context,
            stranger=f"none-{secrets.token_hex(8)}",
            here=not args.elsewhere,
            use_secret_id=args.use_secret_id,
        )
    )
    return [
        replace(
            finding,
            text=redactor.proofread(finding.text),
            remedy=redactor.proofread(finding.remedy),
        )
        for finding in found
    ]
