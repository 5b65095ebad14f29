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
from injector.cli.parser import add_config, exits
from injector.cli.saying import guarded, show
from injector.config import model
from injector.errors import (
    AuthError,
    ConfigError,
    DeniedError,
    HookError,
    InjectorError,
    TransientError,
    WriteError,
)
from injector.redactor import Redactor

if TYPE_CHECKING:
    from injector.agent.plan import Plan
    from injector.check import Finding

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


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one file; as JSON, the output of `--json`."""

    file: str
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    # Of a configuration in another language: where our own default would be safer.
    advice: tuple[str, ...] = ()
    secrets: int = 0
    files: int = 0
    variables: int = 0  # of the supervised command
    notifications: int = 0
    # Namespace → what is asked for in it; empty if nothing names a namespace.
    namespaces: dict[str, list[str]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return ConfigError.exit_code if self.problems else 0


def checked(file: str, environ: Mapping[str, str], load: Load = config.load) -> Checked:
    try:
        loaded = load(file, environ)
    except ConfigError as error:
        return Checked(file, problems=error.problems)
    found = loaded.config
    return Checked(
        file,
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


def lines(result: Checked) -> list[str]:
    """Return the report as text; the last line is the verdict."""
    said = [*result.problems, *(f"warning: {warning}" for warning in result.warnings)]
    said += [f"advice: {advice}" for advice in result.advice]
    for namespace, names in result.namespaces.items():
        said.append(f"namespace {namespace or '(root)'}: {', '.join(names)}")
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
    return [*said, f"{result.file}: {verdict}"]


def online_lines(findings: "Sequence[Finding]", code: int) -> list[str]:
    """Return the online findings as text; the last line is the verdict."""
    levels = [finding.level.value for finding in findings]
    counts = [
        _count(levels.count(level), level) for level in ("problem", "warning") if level in levels
    ]
    verdict = ", ".join(counts) or "ok"
    looked_at = _count(len(findings), "finding")
    ending = f"; exit code {code}" if code else ""
    return [*map(str, findings), f"online: {verdict} ({looked_at}){ending}"]


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
    result = checked(file, environ, load)
    if as_json:
        print(json.dumps(_as_json(result), indent=2), file=out)
    else:
        show("\n".join(lines(result)), file=out)
    return result.exit_code


def _as_json(result: Checked) -> dict[str, object]:
    return {"ok": not result.problems} | asdict(result)


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
    from injector.agent.plan import plan

    def load(file: str, environ: Mapping[str, str]) -> config.Loaded:
        return _warned(plan(file, environ, elsewhere=args.elsewhere), here=not args.elsewhere)

    if not args.online:
        return check(args.config, os.environ, sys.stdout, as_json=args.json, load=load)
    redactor = Redactor()
    return guarded(redactor, lambda: _check_both(args, load, redactor))


def _check_both(args: argparse.Namespace, load: Load, redactor: Redactor) -> int:
    from injector.agent.plan import plan

    planned: Plan | None = None
    with suppress(ConfigError):
        # Destinations are findings, as all that is looked at here; to log in, one has to be here.
        planned = plan(args.config, os.environ, destinations=False)
    if planned is None:
        result, findings = checked(args.config, os.environ, load), []
    else:
        loaded = _warned(planned, here=False)  # that is looked at below
        result = checked(args.config, os.environ, lambda *_: loaded)
        findings = _online(planned, args, redactor)
    code = min(filter(None, (result.exit_code, *(f.exit_code for f in findings))), default=0)
    if args.json:
        found = [asdict(finding) for finding in findings]
        whole = _as_json(result) | {"ok": not code, "exit_code": code, "findings": found}
        print(json.dumps(whole, indent=2))
    else:
        show("\n".join(lines(result)))
        show("\n".join(online_lines(findings, code) if planned else [NOT_TRIED]))
    return code


def _warned(planned: "Plan", *, here: bool) -> config.Loaded:
    """Return what was loaded, with warnings that only a check is worth: here, on this machine."""
    from injector.check.trust import untrusted
    from injector.check.unused import unused

    loaded = planned.loaded
    warnings = *loaded.warnings, *unused(planned), *(untrusted(planned, os.environ) if here else ())
    return replace(loaded, warnings=warnings)


def _online(planned: "Plan", args: argparse.Namespace, redactor: Redactor) -> "list[Finding]":
    import secrets

    from injector import check as checks
    from injector.agent.plan import names
    from injector.agent.wording import explain
    from injector.cli import eventloop
    from injector.cli.private import keep_memory_private
    from injector.clock import SystemClock
    from injector.log import logger
    from injector.policy import needs

    keep_memory_private()
    explain(redactor, planned)
    log = logger(level="error", style=planned.config.log_format, redact=redactor.proofread)
    parts = checks.Parts(SystemClock(), log, redactor, os.environ, f"none-{secrets.token_hex(8)}")
    wanted = needs(
        planned.config,
        names(planned.config),
        planned.templates.values(),
        directory=os.path.dirname(os.path.abspath(args.config)),
    )
    found = eventloop.run(
        checks.check(
            planned, wanted, parts, here=not args.elsewhere, use_secret_id=args.use_secret_id
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
