"""Rules for the supervised command and its environment."""

import re
from collections.abc import Iterator

from injector.config import model
from injector.config.document import Document
from injector.config.problem import Breach, Where

# Names of the command's own target and of its environment in logs and metrics.
TARGET, ENVIRONMENT = "exec", "env_template"
# What Kubernetes takes for a variable's name. Shells drop those with a dot or a dash; other
# programs do not.
_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_CUSTOM = re.compile(r"[^=\0]+=[^\0]*")


def findings(config: model.Config, document: Document) -> Iterator[Breach]:
    yield from _variables(config, document)
    yield from _restarts(config, document)
    if config.exec is not None:
        yield from _exec(config.exec)
        if config.exit_after_auth:
            yield Breach(
                ("exit_after_auth",),
                "cannot be combined with `exec`: the command would never be started",
            )


def command_is_there(config: model.Config, *, warning: bool) -> Iterator[Breach]:
    """Require a command if anything in the configuration is meant for one."""
    if config.exec is not None and config.exec.command:
        return
    meant: list[Where] = [("exec",)] if config.exec is not None else []
    meant += [(ENVIRONMENT,)] if config.env_template else []
    meant += [
        ("notify", name, "process", "child")
        for name, notify in config.notify.items()
        if notify.process is not None and notify.process.child
    ]
    for where in meant[:1]:
        yield Breach(
            where,
            "is meant for a command; write `exec: {command: […]}`, or start it as "
            "`injector run -c FILE -- CMD`",
            warning=warning,
        )


def restarting(config: model.Config) -> list[str]:
    """Return the entries of `notify:` that restart the command."""
    return [
        name
        for name, notify in config.notify.items()
        if notify.process is not None and notify.process.child and not notify.signal
    ]


def _variables(config: model.Config, document: Document) -> Iterator[Breach]:
    first: dict[str, int] = {}
    for i, variable in enumerate(config.env_template):
        where = ("env_template", i, "name")
        if first.setdefault(variable.name, i) != i:
            line = document.line(("env_template", first[variable.name], "name"))
            yield Breach(where, f"'{variable.name}' is the variable on line {line} too")
        elif variable.name and not _NAME.fullmatch(variable.name):
            yield Breach(
                where,
                "a variable's name consists of letters, digits, '_', '.' and '-', and does not "
                "begin with a digit",
            )


def _restarts(config: model.Config, document: Document) -> Iterator[Breach]:
    if TARGET in config.notify and config.exec is not None:
        yield Breach(
            ("notify", TARGET),
            f"'{TARGET}' is what the supervised command itself is called in logs and metrics; "
            "choose another name",
        )
    first, *others = restarting(config) or [""]
    for name in others:
        line = document.line(("notify", first))
        yield Breach(
            ("notify", name, "process"),
            f"line {line} restarts the command already; name that entry, or set `signal` here",
        )


def _exec(settings: model.Exec) -> Iterator[Breach]:
    if not settings.restart_stop_signal:
        yield Breach(("exec", "restart_stop_signal"), "must not be empty")
    env = settings.env
    if env.pristine and (env.allow or env.deny):
        yield Breach(
            ("exec", "env"),
            "pristine leaves nothing for `allow` and `deny` to choose from; keep one of them",
        )
    for i, entry in enumerate(env.custom):
        if not _CUSTOM.fullmatch(entry):
            yield Breach(("exec", "env", "custom", i), "expected NAME=value")
