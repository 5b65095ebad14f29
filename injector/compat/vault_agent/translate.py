"""The agents' options → our configuration, with the agents' defaults where ours are stricter."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from injector.compat.vault_agent import scalars
from injector.compat.vault_agent.commands import argv
from injector.compat.vault_agent.existing import existing
from injector.compat.vault_agent.flags import Flags
from injector.compat.vault_agent.nodes import Block
from injector.compat.vault_agent.options import OPTIONS, OTHER_METHODS, Kind
from injector.compat.vault_agent.requests import Passing
from injector.compat.vault_agent.sections import Notes, Section
from injector.config import environment, model
from injector.config.problem import Where, suggest

DEFAULT_ADDRESS = "https://127.0.0.1:8200"
DEFAULT_LISTENER = "127.0.0.1:8200"
DEFAULT_MAX_BACKOFF = "5m"
DEFAULT_MODE = "0640"  # of a sink
HANDOVER = "injector-handover"
# Ours is a share for renewable leases too: more would leave no time to try again.
HIGHEST_THRESHOLD = 0.95


@dataclass(frozen=True, slots=True)
class Outside:
    """What counts besides the files."""

    environ: Mapping[str, str] = field(repr=False)
    flags: Flags


class Translation:
    """One translation: the tree, and the places in it that are wrong already."""

    def __init__(self, files: Section, outside: Outside, notes: Notes) -> None:
        self.broken: set[Where] = {(name,) for name in files.broken}
        self._files = files
        self._outside = outside
        self._notes = notes

    def tree(self) -> Block:
        """Return the whole configuration as ours."""
        files, root = self._files, Block(self._files.file, self._files.line)
        root.put("vault", self._vault())
        login = files.block("auto_auth")
        if login is not None:
            root.put("auto_auth", self._auto_auth(login), files.at("auto_auth"))
        templates = [self._template(i, each) for i, each in enumerate(files.blocks("template"))]
        root.put_all("template", templates, files.at("template"))
        root.put("template_config", self._template_config(), files.at("template_config"))
        self._supervised(root)
        if handed_out(files):
            # Then there is something to do although nothing is written, so that is not said.
            self.broken.add(("bundle",))
        listeners = [self._listener(i, each) for i, each in enumerate(files.blocks("listener"))]
        root.put_all("listener", listeners, files.at("listener"))
        self._cache(root)
        self._process(root)
        return root

    # -- vault, auto_auth

    def _vault(self) -> Block:
        files, flags = self._files, self._outside.flags
        section = files.block("vault") or Section(files.file, files.line, ("vault",))
        block = _copied(section, "vault", ("vault",), self.broken)
        _, address = environment.find("ADDR", self._outside.environ)
        address = address or section.get("address") or DEFAULT_ADDRESS
        block.put("address", flags.vault.get("address", address), section.at("address"))
        login = files.block("auto_auth")
        method = login.block("method") if login is not None else None
        if method is not None:
            if not section.get("namespace") and method.get("namespace"):
                block.put("namespace", method.get("namespace"), method.at("namespace"))
            config = method.block("config")
            authority = config.get("ca_cert") if config is not None else ""
            if authority and not section.get("ca_cert") and not section.get("ca_path"):
                block.put("ca_cert", authority)
        for name, value in flags.vault.items():
            block.put(name, value)
        return block

    def _auto_auth(self, login: Section) -> Block:
        block = Block(login.file, login.line)
        method = login.block("method")
        if method is not None:
            block.put("method", self._method(method), login.at("method"))
        elif "method" not in login.broken:
            self._problem(login, "method", "is required: how to log in")
        if method is None:
            self.broken.add(("auto_auth", "method"))
        sinks = [*login.blocks("sink"), *login.blocks("sinks")]
        made = [self._sink(i, sink) for i, sink in enumerate(sinks)]
        block.put_all("sinks", made, login.at("sink" if login.blocks("sink") else "sinks"))
        return block

    def _method(self, method: Section) -> Block:
        place: Where = ("auto_auth", "method")
        block = _copied(method, "auto_auth.method", place, self.broken)
        name = method.get("type", "")
        if name not in model.METHODS:
            why = OTHER_METHODS.get(name)
            if "type" not in method.broken:
                said = f"{name} is not available: {why}" if why else _unknown_method(name)
                self._problem(method, "type", said)
            block.drop("type")
            self.broken |= {(*place, "type"), (*place, "config")}
            return block
        config = method.block("config")
        if config is not None:
            key = f"auto_auth.method.config({name})"
            copied = _copied(config, key, (*place, "config"), self.broken)
            block.put("config", copied, method.at("config"))
        least, most = method.get("min_backoff", 1.0), method.get("max_backoff")
        if most is None:
            block.put("max_backoff", _seconds(max(least, 300.0)))
            self._advise(
                method, "max_backoff", "a login is tried again after up to 5 minutes", "20s"
            )
        return block

    def _sink(self, index: int, sink: Section) -> Block:
        place: Where = ("auto_auth", "sinks", index)
        block = _copied(sink, "auto_auth.sink", place, self.broken)
        config = sink.block("config")
        if config is not None:
            made = _copied(config, "auto_auth.sink.config", (*place, "config"), self.broken)
            if config.get("mode") is None:
                made.put("mode", DEFAULT_MODE)
                self._advise(config, "mode", "the group may read the token", 0o600)
            block.put("config", made, sink.at("config"))
        return block

    # -- templates

    def _template(self, index: int, template: Section) -> Block:
        place: Where = ("template", index)
        block = _copied(template, "template", place, self.broken)
        self._text(template, block)
        self._reach(template, block)
        self._command(template, block)
        self._rights(template, block)
        wait = template.block("wait")
        if wait is not None and wait.get("enabled", True):
            copied = _copied(wait, "template.wait", (*place, "wait"), self.broken)
            block.put("wait", copied, template.at("wait"))
        return block

    def _text(self, template: Section, block: Block) -> None:
        """Set what the text is and how it is read; texts are in Go's template language."""
        block.put("language", "go")
        if template.get("contents") is not None:
            contents = template.get("contents")
            block.put("contents", contents, template.at("contents"), verbatim=True)
        if template.get("error_on_missing_key") is None:
            block.put("error_on_missing_key", False)
            said = "a missing key writes <no value> into the file"
            self._advise(template, "error_on_missing_key", said, True)

    def _reach(self, template: Section, block: Block) -> None:
        """Set what a template may do: everything, as in the agents, unless something is named."""
        if template.get("sandbox_path") is None:
            block.put("sandbox_path", "/")
        for name in ("function_blacklist", "function_denylist"):
            if (denied := template.get(name)) is not None:
                block.put("function_denylist", denied, template.at(name))

    def _command(self, template: Section, block: Block) -> None:
        run = template.block("exec")
        words = run.get("command", ()) if run is not None else ()
        origin, timeout = (
            (run, "timeout") if run is not None and words else (template, "command_timeout")
        )
        if run is not None and run.get("enabled") is False:
            return
        words = words or template.get("command", ())
        if words:
            block.put("command", argv(words), origin.at("command"), verbatim=True)
            seconds = origin.get(timeout, 30.0)
            block.put("command_timeout", _seconds(seconds), origin.at(timeout))

    def _rights(self, template: Section, block: Block) -> None:
        for name, number in (("user", "uid"), ("group", "gid")):
            if template.get(number) is not None and not template.get(name):
                block.put(name, str(template.get(number)), template.at(number))
        if template.get("perms") is not None or "perms" in template.broken:
            return
        there = existing(template.get("destination") or "")
        if there is not None:
            block.put("perms", f"{there.perms:04o}")
            if there.owner is not None and not template.get("user") and not template.get("uid"):
                block.put("user", str(there.owner[0]))
                block.put("group", str(there.owner[1]))
            return
        block.put("perms", "0644")
        self._advise(template, "perms", "everybody may read the file", "0600")

    def _template_config(self) -> Block:
        files = self._files
        section = files.block("template_config")
        if section is None:
            section = Section(files.file, files.line, ("template_config",))
        block = _copied(section, "template_config", ("template_config",), self.broken)
        block.put("require_memory_backed", False)
        if section.get("static_secret_render_interval") is None:
            block.put("static_secret_render_interval", "5m")
            said = "a changed secret is seen after 5 minutes"
            self._advise(section, "static_secret_render_interval", said, "60s")
        threshold = section.get("lease_renewal_threshold")
        if threshold is not None:
            # The agents take anything else for their default.
            threshold = min(threshold, HIGHEST_THRESHOLD) if 0 < threshold < 1 else 0.9
            block.put("lease_renewal_threshold", max(threshold, 0.11))
        return block

    # -- the rest

    def _supervised(self, root: Block) -> None:
        files = self._files
        variables = []
        for i, section in enumerate(files.blocks("env_template")):
            block = _copied(section, "env_template", ("env_template", i), self.broken)
            self._text(section, block)
            variables.append(block)
        if variables:
            root.put_all("env_template", variables, files.at("env_template"))
        run = files.block("exec")
        if run is not None:
            block = _copied(run, "exec", ("exec",), self.broken)
            if run.get("command"):
                block.put("command", argv(run.get("command")), run.at("command"), verbatim=True)
            root.put("exec", block, files.at("exec"))

    def _listener(self, index: int, listener: Section) -> Block:
        place: Where = ("listener", index)
        block = _copied(listener, "listener", place, self.broken)
        kind = str(listener.get("type", "")).lower()
        block.put("type", kind, listener.at("type"))
        address = str(listener.get("address", ""))
        if kind == "unix" and address:
            block.put("address", os.path.abspath(address), listener.at("address"))
        elif kind == "tcp" and not address:
            block.put("address", DEFAULT_LISTENER)
        api = listener.block("agent_api")
        if api is not None:
            copied = _copied(api, "listener.agent_api", (*place, "agent_api"), self.broken)
            block.put("agent_api", copied, listener.at("agent_api"))
        return block

    def _cache(self, root: Block) -> None:
        cache = self._files.block("cache")
        if cache is not None and self._files.blocks("listener"):
            said = "answers are not kept: each request gets a lease of its own"
            self._notes.warnings.append(cache.problem("", said))
        persist = cache.block("persist") if cache is not None else None
        if persist is None or not persist.get("path"):
            return
        inner = Block(persist.file, persist.line)
        inner.put("path", os.path.join(persist.get("path"), HANDOVER), persist.at("path"))
        block = Block(persist.file, persist.line)
        block.put("persist", inner, persist.line)
        root.put("cache", block)

    def _process(self, root: Block) -> None:
        files, flags = self._files, self._outside.flags
        for name in ("pid_file", "exit_after_auth"):
            if files.get(name):
                root.put(name, files.get(name), files.at(name))
        if flags.exit_after_auth is not None:
            root.put("exit_after_auth", flags.exit_after_auth)
        for name, given, default in (
            ("log_level", flags.log_level, "info"),
            ("log_format", flags.log_format, "standard"),
        ):
            outside = environment.find(name.upper(), self._outside.environ)[1].lower()
            value = given or scalars.LEVELS.get(outside, outside) or files.get(name) or default
            root.put(name, value.lower(), files.at(name))
        self._log_file(root)

    def _log_file(self, root: Block) -> None:
        files, flags = self._files, self._outside.flags
        path = flags.log.get("log_file", files.get("log_file"))
        if path:
            root.put("log_file", _log_path(path), files.at("log_file"))
        for row in OPTIONS[""]:
            value = flags.log.get(row.name, files.get(row.name))
            if row.name.startswith("log_rotate_") and value is not None:
                root.put(row.name, _as_ours(row.kind, value), files.at(row.name))

    def _problem(self, section: Section, name: str, text: str) -> None:
        self._notes.problems.append(section.problem(name, text))

    def _advise(self, section: Section, name: str, what: str, better: object) -> None:
        """Note a default of the agents that ours is safer than, with the line to write."""
        written = f'"{better}"' if isinstance(better, str) else _written(better)
        advice = section.problem("", f"{what}; safer: {name} = {written}")
        self._notes.advice.append(advice)


def passing(files: Section) -> Passing | None:
    """Return what the listeners pass on; None without listeners."""
    listeners = files.blocks("listener")
    if not listeners:
        return None
    return Passing(
        handed_out(files),
        tuple(
            (each.get("role") != "metrics_only", bool(each.get("require_request_header")))
            for each in listeners
        ),
    )


def handed_out(files: Section) -> bool | str:
    """Return whether requests get the token of the login; `force`: whatever they have."""
    for name in ("api_proxy", "cache"):
        block = files.block(name)
        found: bool | str | None = block.get("use_auto_auth_token") if block is not None else None
        if found is not None:
            return found
    return False


def _copied(section: Section, key: str, place: Where, broken: set[Where]) -> Block:
    """Return our block with every option whose value only has another spelling here."""
    block = Block(section.file, section.line)
    broken |= {(*place, name) for name in section.broken}
    for row in OPTIONS[key]:
        value = section.get(row.name)
        elsewhere = row.native.startswith(".") or not row.native
        if not elsewhere and row.kind in _SCALARS and value not in (None, ""):
            block.put(row.native, _as_ours(row.kind, value), section.at(row.name))
    return block


_SCALARS = frozenset(Kind) - {
    *(Kind.BLOCK, Kind.BLOCKS, Kind.MERGED, Kind.LAST, Kind.COMMAND, Kind.TEXTS),
}


def _as_ours(kind: Kind, value: Any) -> Any:
    if kind in (Kind.OCTAL, Kind.MODE):
        return f"{value:04o}"
    return _seconds(value) if kind is Kind.DURATION else value


def _log_path(path: str) -> str:
    folder, name = os.path.split(path)
    name = name if os.path.splitext(name)[1] else f"{name or 'agent'}.log"
    return os.path.abspath(os.path.join(folder, name))


def _seconds(value: float) -> str:
    """Write a duration as people do."""
    for unit, size in (("h", 3600), ("m", 60)):
        if value and value % size == 0:
            return f"{value / size:.0f}{unit}"
    return f"{value:.9f}".rstrip("0").rstrip(".") + "s"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:04o}"


def _unknown_method(name: str) -> str:
    known = list(model.METHODS)
    if not name:
        return 'needs the method as its label: method "approle" { … }'
    return f"there is no login method '{name}', {suggest(name, known)}"
