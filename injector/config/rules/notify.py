"""Rules for `notify`, and for everything else with a `wait`."""

import re
from collections.abc import Iterator

from injector.config import model
from injector.config.problem import Breach, Where
from injector.config.rules.connection import host_and_port, split_url
from injector.config.rules.names import located_templates

_SELECTORS = ("pid_file", "name", "exe", "child")
_KINDS = ("signal", "http", "command")


def findings(config: model.Config) -> Iterator[Breach]:
    for name, notify in config.notify.items():
        where: Where = ("notify", name)
        yield from _kind(where, notify)
        yield from _wait((*where, "wait"), notify.wait)
        if notify.http is not None:
            yield from _http((*where, "http"), notify.http)
        if notify.verify is not None:
            yield from _verify((*where, "verify"), notify.verify)
        elif notify.on_failure == "rollback":
            yield Breach(
                (*where, "on_failure"),
                "rollback needs `verify`, which finds out whether the change was accepted",
                ("verify",),
            )
    for i, bundle in enumerate(config.bundle):
        if bundle.wait is not None:
            yield from _wait(("bundle", i, "wait"), bundle.wait)
    for where, template in located_templates(config):
        if template.wait is not None:
            yield from _wait((*where, "wait"), template.wait)


def _kind(where: Where, notify: model.Notify) -> Iterator[Breach]:
    chosen = [kind for kind in _KINDS if getattr(notify, kind)]
    if len(chosen) != 1 and not (notify.process is not None and not chosen):
        got = f"got {' and '.join(chosen)}" if chosen else "got none"
        yield Breach(where, f"needs exactly one of signal, http, command: {got}", _KINDS)
    if notify.signal and notify.process is None:
        yield Breach(
            where,
            "signal needs `process`; add it, such as {pid_file: /run/app/app.pid}",
            ("process",),
        )
    if notify.process is not None:
        if not notify.signal and not notify.process.child:
            yield Breach(
                where,
                "process needs `signal`, such as SIGHUP: only the supervised command "
                "(`child: true`) can be restarted instead",
                ("signal",),
            )
        yield from _process((*where, "process"), notify.process)


def _process(where: Where, process: model.Process) -> Iterator[Breach]:
    chosen = [selector for selector in _SELECTORS if getattr(process, selector)]
    if len(chosen) != 1:
        got = f"got {' and '.join(chosen)}" if chosen else "got none"
        yield Breach(where, f"needs exactly one of {', '.join(_SELECTORS)}: {got}", _SELECTORS)


def _wait(where: Where, wait: model.Wait) -> Iterator[Breach]:
    if 0 < wait.max < wait.min:
        yield Breach((*where, "max"), f"must not be less than min ({wait.min:g}s)")


def _http(where: Where, http: model.Http) -> Iterator[Breach]:
    url = split_url(http.url)
    if http.url and (url is None or url.scheme not in ("http", "https") or not url.hostname):
        yield Breach((*where, "url"), "expected http://… or https://…")
    for i, status in enumerate(http.expect):
        if not 100 <= status <= 599:  # noqa: PLR2004 - HTTP's own range
            yield Breach((*where, "expect", i), "expected a status code from 100 to 599")
    try:
        re.compile(http.body_pattern)
    except re.error as error:
        yield Breach((*where, "body_pattern"), f"not a regular expression: {error.msg}")


def _verify(where: Where, verify: model.Verify) -> Iterator[Breach]:
    kinds = ("http", "tcp", "command")
    chosen = [kind for kind in kinds if getattr(verify, kind)]
    if len(chosen) != 1:
        got = f"got {' and '.join(chosen)}" if chosen else "got none"
        yield Breach(where, f"needs exactly one of {', '.join(kinds)}: {got}", kinds)
    if verify.http is not None:
        yield from _http((*where, "http"), verify.http)
    if verify.tcp and host_and_port(verify.tcp)[1] is None:
        yield Breach((*where, "tcp"), "expected host:port")
