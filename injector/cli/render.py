"""`injector render`: shows what would be written, and how it differs from the files on disk."""

import argparse
import contextlib
import os

from injector.base.errors import (
    AuthError,
    ConfigError,
    DeniedError,
    InjectorError,
    MissingError,
    RenderError,
    TransientError,
    WriteError,
)
from injector.base.private import keep_memory_private
from injector.base.redactor import Redactor
from injector.cli import eventloop
from injector.cli.parser import add_config, exits
from injector.cli.saying import guarded, say, show
from injector.preflight.render import Source
from injector.preflight.render.difference import Masks
from injector.preflight.render.fixtures import Fixtures
from injector.preflight.render.names import example
from injector.preflight.render.rendering import Outcome, rendered
from injector.preflight.render.report import New, changes, content, new_contents
from injector.preflight.render.targets import Target, targets
from injector.rendering.template import Content
from injector.runtime import build
from injector.runtime.configuration_words import explain
from injector.runtime.plan import Plan, plan, refs_by_name
from injector.secret import Ref

DIFFERENT = 1
NOTE = """\
Nothing is written and nobody is notified. Values are masked; within one run, equal masks mean equal
values. It logs in as the daemon would and revokes its token at the end. Secrets that are issued
when read (credentials, certificates) are read only with --issue, and revoked where possible. With
--fixtures no server is needed: DIR holds NAME.yaml for each name in `secrets:`, or PATH.yaml for a
path, with the keys and values that templates see."""
EXAMPLES = (
    "injector render -c injector.yaml --fixtures fixtures",
    "injector render -c injector.yaml /run/secrets/app.env",
    "injector render -c injector.yaml --names-only > env.example",
)
EXITS = {
    "0": "no file would change; with --content and --names-only: printed",
    "1": "a file differs or is missing; as for every command, also an internal error",
    **exits(
        ConfigError,
        AuthError,
        DeniedError,
        MissingError,
        RenderError,
        WriteError,
        TransientError,
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "destinations",
        nargs="*",
        metavar="DEST",
        help="files, or directories of bundles; all of them by default",
    )
    parser.add_argument(
        "--fixtures", metavar="DIR", help="take secrets from YAML files instead of Vault"
    )
    parser.add_argument("--reveal", action="store_true", help="show values")
    parser.add_argument(
        "--content", action="store_true", help="print whole files instead of differences"
    )
    parser.add_argument(
        "--names-only",
        action="store_true",
        help="print an env.example: the variables that files define, without values or a server",
    )
    parser.add_argument(
        "--issue",
        action="store_true",
        help="also read secrets that are issued when read; they are revoked afterwards",
    )
    parser.add_argument(
        "--use-secret-id",
        action="store_true",
        help="log in even though the secret id may be valid for a single login; its file is kept",
    )


def main(args: argparse.Namespace) -> int:
    offline = bool(args.fixtures or args.names_only)
    planned = plan(args.config, elsewhere=offline, destinations=False)
    run = Run(planned, args)
    keep_memory_private()
    work = run.print_names if args.names_only else run.print_all
    return guarded(run.redactor, work)


class Run:
    """One run of the command."""

    def __init__(self, planned: Plan, args: argparse.Namespace) -> None:
        self._plan = planned
        self._args = args
        self._names = refs_by_name(planned.config)
        self._targets = targets(planned, self._names, args.destinations)
        self.redactor = Redactor()
        explain(self.redactor, planned)
        self._fixtures: Fixtures | None = None
        if args.fixtures:
            secrets = planned.config.secrets
            optional = {self._names[name] for name, each in secrets.items() if each.optional}
            self._fixtures = Fixtures(args.fixtures, self._names, frozenset(optional))

    def print_names(self) -> int:
        directory = os.path.dirname(os.path.abspath(self._args.config))
        lines = list(example(self._targets, self._plan.config, self._keys(), directory=directory))
        if not lines:
            raise ConfigError("no file here defines variables: dotenv, shell, or lines of NAME=…")
        print("\n".join(lines[:-1]))
        return 0

    def _keys(self) -> dict[str, list[str]]:
        """Return the keys of secrets whose format turns them into variables, as far as known."""
        if self._fixtures is None:
            return {}
        used = {target.ref for target in self._targets if target.ref is not None}
        return {
            name: list(self._fixtures.content(ref) or ())
            for name, ref in self._names.items()
            if ref in used
        }

    def print_all(self) -> int:
        return eventloop.run(self._print_files())

    async def _print_files(self) -> int:
        contracts = build.contracts(self._plan.config, self._names)
        async with self._source() as source:
            outcomes = await rendered(self._targets, self._learning(source), contracts)
        masks = None if self._args.reveal else Masks(os.urandom(16))
        codes = [
            code
            for target, outcome in zip(self._targets, outcomes, strict=True)
            for code in self._print(target, outcome, masks)
        ]
        if self._fixtures is not None and not self._args.destinations:
            for path in self._fixtures.unused():
                self._say(f"{path} is not used: nothing asks for a secret of that name or path")
        self._sum_up(codes)
        errors = [code for code in codes if code > DIFFERENT]
        return min(errors, default=max(codes, default=0))

    def _learning(self, source: Source) -> Source:
        """Return the source, with the redactor told of every value before anybody sees it."""

        async def learning(ref: Ref) -> Content | None:
            content = await source(ref)
            if content is not None:
                self.redactor.learn(ref, content)
            return content

        return learning

    def _source(self) -> contextlib.AbstractAsyncContextManager[Source]:
        if self._fixtures is not None:
            return contextlib.nullcontext(self._fixtures.source)
        from injector.base.clock import SystemClock
        from injector.base.context import Context
        from injector.base.log import logger
        from injector.preflight.render.server import server  # fixtures do without

        style = self._plan.config.log_format
        log = logger(level="error", style=style, redact=self.redactor.proofread)
        context = Context.alone(SystemClock(), os.environ, self.redactor, log)
        return server(
            self._plan,
            self._names,
            context,
            say=self._say,
            issue=self._args.issue,
            use_secret_id=self._args.use_secret_id,
        )

    def _print(self, target: Target, outcome: Outcome, masks: Masks | None) -> list[int]:
        """Print the result for one target; return an exit code for each file it makes."""
        try:
            if isinstance(outcome, InjectorError):
                raise outcome
            return [self._print_one(new, masks) for new in new_contents(target, *outcome)]
        except InjectorError as exc:
            words = str(exc)
            self._say(words if words.startswith(target.path) else f"{target.path}: {words}")
            return [exc.exit_code]

    def _print_one(self, new: New, masks: Masks | None) -> int:
        if self._args.content:
            if len(self._targets) > 1:
                print(f"==> {new.path} <==")
            show(content(new, masks=masks), end="")
            return 0
        if new.is_variable:
            show(f"{new.path}: {content(new, masks=masks)}")
            return 0
        lines = list(changes(new, masks=masks))
        for line in lines:
            show(line)
        return DIFFERENT if lines else 0

    def _sum_up(self, codes: list[int]) -> None:
        if self._args.content:
            return
        failed = sum(code > DIFFERENT for code in codes)
        counts = {
            "unchanged": codes.count(0),
            "different or missing": codes.count(DIFFERENT),
            "not rendered": failed,
        }
        self._say(", ".join(f"{number} {what}" for what, number in counts.items() if number))

    def _say(self, text: str) -> None:
        say(self.redactor.proofread(text))
