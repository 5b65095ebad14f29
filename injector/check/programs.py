"""Looks for each program that will be run, without running any."""

import os
import shutil
from collections.abc import Iterator, Mapping

from injector.check.finding import Finding, ok, problem
from injector.config import model
from injector.config.problem import Where
from injector.errors import HookError

# What runs it, where that is written, and the program itself.
Use = tuple[str, Where, str]


def look(config: model.Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check each program once, whoever runs it."""
    users: dict[str, list[Use]] = {}
    for about, where, argv in _commands(config):
        if argv:
            users.setdefault(argv[0], []).append((about, where, argv[0]))
    for program, uses in users.items():
        yield _judge(program, uses, shutil.which(program, path=environ.get("PATH")))


def _judge(program: str, uses: list[Use], found: str | None) -> Finding:
    about = ", ".join(dict.fromkeys(about for about, _, _ in uses))
    if found is not None:
        return ok(about, f"{found} can be run; it was not")
    text = f"there is no program {program} that uid {os.geteuid()} may run"
    missing = problem(about, text, "install it here, or give its full path", like=HookError)
    return missing.at(uses[0][1])


def _commands(config: model.Config) -> Iterator[tuple[str, Where, tuple[str, ...]]]:
    for where, about, block in _blocks(config):
        if block is not None:
            yield about, (*where, "command", 0), block.command


Block = (
    model.Notify | model.Verify | model.Template | model.Command | model.Check | model.Exec | None
)


def _blocks(config: model.Config) -> Iterator[tuple[Where, str, Block]]:
    for name, notify in config.notify.items():
        yield ("notify", name), f"notify {name}", notify
        yield ("notify", name, "verify"), f"verify of notify {name}", notify.verify
    for i, template in enumerate(config.template):
        yield ("template", i), "command", template
        yield ("template", i, "exec"), "command", template.exec
        yield ("template", i, "check"), "check", template.check
    for i, bundle in enumerate(config.bundle):
        yield ("bundle", i, "check"), "check", bundle.check
    yield ("exec",), "exec", config.exec
