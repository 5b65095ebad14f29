"""Combinations of options that the agents reject, although each option is valid by itself."""

from collections.abc import Iterator

from injector.config.problem import Problem, suggest
from injector.dialects.vault_agent.sections import Section

_HANDED_OUT = (True, "force")
_CONNECTION_USES = ("auto-auth", "caching", "proxying", "templating")


def within(file: Section) -> Iterator[Problem]:
    """Yield the problems of one file, regardless of the others."""
    cache = file.block("cache")
    if cache is not None:
        yield from _persistence(cache.block("persist"))
    for listener in file.blocks("listener"):
        yield from _listener(listener)
    for variable in file.blocks("env_template"):
        if not variable.get("name"):
            yield variable.problem(
                "", 'requires the name of the variable: env_template "NAME" { … }'
            )
    for name in ("disable_idle_connections", "disable_keep_alives"):
        for use in file.get(name, ()):
            if use not in _CONNECTION_USES:
                yield file.problem(name, f"unknown '{use}'; {suggest(use, _CONNECTION_USES)}")


def refusals(files: Section) -> Iterator[Problem]:
    """Yield every combination that the agents reject, and those that are useless here."""
    yield from _proxy(files)
    yield from _login(files)
    yield from _supervised(files)


def _proxy(files: Section) -> Iterator[Problem]:
    cache, proxy = files.block("cache"), files.block("api_proxy")
    listens = bool(files.blocks("listener"))
    renders = bool(files.blocks("template") or files.blocks("env_template"))
    if cache is not None:
        if proxy is not None and None not in (_gives(cache), _gives(proxy)):
            yield cache.problem("use_auto_auth_token", "is also set in api_proxy: remove it here")
        if not listens and not renders:
            yield cache.problem("", "requires a template or a listener")
    if proxy is not None and not listens:
        yield proxy.problem("", "requires a listener")
    for block in (cache, proxy):
        if block is not None and _gives(block) in _HANDED_OUT:
            if files.block("auto_auth") is None:
                yield block.problem("use_auto_auth_token", "requires auto_auth")
            if block is cache and proxy is None and not listens:
                yield block.problem("use_auto_auth_token", "requires a listener")


def _persistence(persist: Section | None) -> Iterator[Problem]:
    if persist is not None and "type" not in persist.broken:
        if persist.get("type") is None:
            yield persist.problem("", 'requires a type: persist "kubernetes" { … }')
        elif persist.get("type") != "kubernetes":
            yield persist.problem("type", "expected 'kubernetes'")


def _gives(block: Section) -> object:
    return block.get("use_auto_auth_token")


def _login(files: Section) -> Iterator[Problem]:
    login = files.block("auto_auth")
    if login is None:
        if "auto_auth" not in files.broken:
            yield files.problem(
                "auto_auth",
                "is required: without it, an agent only forwards requests; "
                "let those programs talk to Vault directly",
            )
        return
    handed_out = any(
        block is not None and _gives(block) in _HANDED_OUT
        for block in (files.block("cache"), files.block("api_proxy"))
    )
    sinks = [*login.blocks("sink"), *login.blocks("sinks")]
    given = (*sinks, *files.blocks("template"), *files.blocks("env_template"))
    broken = login.broken | files.broken
    if not given and not handed_out and not broken & {"sink", "sinks", "template", "env_template"}:
        yield login.problem(
            "", "requires a sink or a template, or a listener with use_auto_auth_token = true"
        )


def _supervised(files: Section) -> Iterator[Problem]:
    run, variables = files.block("exec"), files.blocks("env_template")
    if run is None and not variables:
        return
    if run is None:
        yield variables[0].problem("", "requires `exec`, the command that gets the variable")
    elif not variables:
        yield run.problem("", "requires an env_template; for `template`, use the `exec` inside it")
    elif not run.get("command") and "command" not in run.broken:
        yield run.problem("command", "is required")
    for name in ("api_proxy", "cache"):
        block = files.block(name)
        if block is not None and (name == "api_proxy" or _gives(block) in _HANDED_OUT):
            yield block.problem("", "forwards requests, and cannot be combined with env_template")
    if files.blocks("template") and variables:
        yield variables[0].problem("", "cannot be combined with `template`: use only one of them")
    yield from _twice(variables)


def _twice(variables: list[Section]) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for variable in variables:
        name = variable.get("name")
        if name and names.setdefault(name, variable.line) != variable.line:
            yield variable.problem("", f"line {names[name]} already has the variable {name}")


def _listener(listener: Section) -> Iterator[Problem]:
    kind = str(listener.get("type", "")).lower()
    if kind not in ("tcp", "unix") and "type" not in listener.broken:
        yield listener.problem("type", "expected 'tcp' or 'unix'")
    with_tls = listener.get("tls_cert_file") and listener.get("tls_key_file")
    unsure = listener.broken & {"tls_disable", "tls_cert_file", "tls_key_file"}
    if kind == "tcp" and not with_tls and not listener.get("tls_disable") and not unsure:
        yield listener.problem("", "requires tls_cert_file and tls_key_file, or tls_disable = true")
    if listener.get("role") not in (None, "", "default", "metrics_only"):
        yield listener.problem("role", "expected 'default' or 'metrics_only'")
