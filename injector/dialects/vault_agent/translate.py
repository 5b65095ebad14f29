"""Translates the agents' options to our configuration, keeping their less strict defaults."""

import os
from collections.abc import Iterator

from injector.config.behaviour import ApiProxySettings
from injector.config.problem import Problem, Where, Wrong
from injector.dialects.vault_agent import login, texts, variables
from injector.dialects.vault_agent.making import Default, Making, Outside, as_ours
from injector.dialects.vault_agent.nodes import Block
from injector.dialects.vault_agent.options import OPTIONS
from injector.dialects.vault_agent.sections import Notes, Section

DEFAULT_LISTENER = "127.0.0.1:8200"
HANDOVER = "injector-handover"
_FORMAT = Default("human-readable lines", "auto")


class Translation:
    """One translation: the tree, and the places in it with known problems."""

    def __init__(self, files: Section, outside: Outside, notes: Notes) -> None:
        self.broken: set[Where] = {(name,) for name in files.broken}
        self._files = files
        self._making = Making(files, outside, notes, self.broken)

    def tree(self) -> Block:
        """Return the whole configuration in our form."""
        making, files = self._making, self._files
        root = Block(files.file, files.line)
        root.put("vault", login.vault(making))
        auto_auth = files.block("auto_auth")
        if auto_auth is not None:
            root.put("auto_auth", login.auto_auth(making, auto_auth), files.at("auto_auth"))
        for name, made in (
            ("template", [texts.template(making, *each) for each in self._all("template")]),
            ("env_template", [texts.variable(making, *each) for each in self._all("env_template")]),
            ("listener", [self._listener(*each) for each in self._all("listener")]),
        ):
            if made:
                root.put(name, made, files.at(name))
        root.put("template_config", texts.template_config(making), files.at("template_config"))
        run = files.block("exec")
        if run is not None:
            root.put("exec", texts.supervised(making, run), files.at("exec"))
        if handed_out(files):
            # There is something to do although nothing is written, so do not report that.
            self.broken.add(("bundle",))
        self._cache(root)
        self._process(root)
        return root

    def _all(self, name: str) -> list[tuple[int, Section]]:
        return list(enumerate(self._files.blocks(name)))

    def _listener(self, index: int, listener: Section) -> Block:
        place: Where = ("listener", index)
        block = self._making.copied(listener, "listener", place)
        kind = str(listener.get("type", "")).lower()
        block.put("type", kind, listener.at("type"))
        address = str(listener.get("address", ""))
        if kind == "unix" and address:
            block.put("address", os.path.abspath(address), listener.at("address"))
        elif kind == "tcp" and not address:
            block.put("address", DEFAULT_LISTENER)
        api = listener.block("agent_api")
        if api is not None:
            copied = self._making.copied(api, "listener.agent_api", (*place, "agent_api"))
            block.put("agent_api", copied, listener.at("agent_api"))
        return block

    def _cache(self, root: Block) -> None:
        cache = self._files.block("cache")
        persist = cache.block("persist") if cache is not None else None
        if persist is None or not persist.get("path"):
            return
        path = os.path.join(persist.get("path"), HANDOVER)
        if disk := self._making.outside.machine.disk(path):
            said = (
                f"is on a disk ({disk}), where this file is never written: the next process logs "
                "in again; use a directory on tmpfs"
            )
            self._making.notes.warnings.append(persist.problem("path", said))
            return
        inner = Block(persist.file, persist.line)
        inner.put("path", path, persist.at("path"))
        block = Block(persist.file, persist.line)
        block.put("persist", inner, persist.line)
        root.put("cache", block)

    def _process(self, root: Block) -> None:
        files, outside = self._files, self._making.outside
        for name in ("pid_file", "exit_after_auth"):
            if files.get(name):
                root.put(name, files.get(name), files.at(name))
        if outside.flags.exit_after_auth is not None:
            root.put("exit_after_auth", outside.flags.exit_after_auth)
        if outside.flags.revoke_on_shutdown:
            root.put("revoke_on_shutdown", "token")
        given = {"log_level": outside.flags.log_level, "log_format": outside.flags.log_format}
        for name, flag in given.items():
            value = flag or self._variable(name) or files.get(name)
            if value:
                root.put(name, value.lower(), files.at(name))
            elif name == "log_format":
                root.put(name, "standard", remark=_FORMAT.remark)
        self._log_file(root)

    def _variable(self, option: str) -> str:
        try:
            return variables.word(option, self._making.outside.environ)
        except Wrong as wrong:
            self._making.notes.problems.append(variables.problem(str(wrong)))
            return ""

    def _log_file(self, root: Block) -> None:
        files, flags = self._files, self._making.outside.flags
        path = flags.log.get("log_file", files.get("log_file"))
        if path:
            root.put("log_file", _log_path(path), files.at("log_file"))
        for row in OPTIONS[""]:
            value = flags.log.get(row.name, files.get(row.name))
            if row.name.startswith("log_rotate_") and value:
                root.put(row.name, as_ours(row.kind, value), files.at(row.name))


def api_proxy(files: Section) -> ApiProxySettings | None:
    """Return which requests the listeners forward; None without listeners."""
    listeners = files.blocks("listener")
    if not listeners:
        return None
    given = handed_out(files)
    return ApiProxySettings(
        bool(given),
        given == "force",
        tuple(
            (each.get("role") != "metrics_only", bool(each.get("require_request_header")))
            for each in listeners
        ),
    )


def unkept(files: Section) -> Iterator[Problem]:
    """Yield a warning if listeners are configured with a cache."""
    cache = files.block("cache")
    if cache is not None and files.blocks("listener"):
        yield cache.problem("", "answers are not cached: each request gets its own lease")


def handed_out(files: Section) -> bool | str:
    """Return whether requests get the token of the login; `force`: even if they have one."""
    for name in ("api_proxy", "cache"):
        block = files.block(name)
        found: bool | str | None = block.get("use_auto_auth_token") if block is not None else None
        if found is not None:
            return found
    return False


def _log_path(path: str) -> str:
    directory, name = os.path.split(path)
    name = name if os.path.splitext(name)[1] else f"{name or 'agent'}.log"
    return os.path.abspath(os.path.join(directory, name))
