"""Converts files of the agents to our own configuration, including the templates."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from injector.config.problem import Problem
from injector.config.textfile import read_text
from injector.dialects.convert.jinja import CannotError, converted, tree_of
from injector.dialects.convert.names import Names
from injector.dialects.convert.proof import require_same
from injector.dialects.convert.writing import text_of
from injector.dialects.gotemplate.mentions import names as functions
from injector.dialects.vault_agent.machine import Elsewhere
from injector.dialects.vault_agent.making import Outside
from injector.dialects.vault_agent.nodes import Block
from injector.dialects.vault_agent.reading import Made, translated
from injector.rendering.formats.text import is_broken
from injector.rendering.template import Source

_ADDRESS = "VAULT_ADDR no longer overrides it"
_COMMANDS = "now a failed command prevents the exit; before, it did not"
_MISSING = "a missing key is now an error; before, it was <no value>"
# What does not apply to Jinja, or is the default there.
_ONLY_GO = ("language", "error_on_missing_key", "function_denylist", "sandbox_path")
_REACH_FILES = frozenset(("file", "writeToFile"))


@dataclass(frozen=True, slots=True)
class Native:
    """The text, and warnings about it."""

    text: str
    warnings: tuple[Problem, ...]


def native(paths: Sequence[str]) -> Native:
    """Convert a configuration that is known to be valid."""
    made = translated(paths, Outside({}, machine=Elsewhere()))
    vault = made.root.value("vault")
    given = made.together.block("vault")
    if given is not None and given.get("address"):
        vault.put("address", vault.value("address"), remark=_ADDRESS)
    else:
        vault.drop("address")  # VAULT_ADDR is used then
    templates = made.root.value("template") or []
    if made.root.value("exit_after_auth") and any(each.value("command") for each in templates):
        made.root.put("exit_after_auth", True, remark=_COMMANDS)
    warnings = [*made.notes.warnings, *_not_passed_on(made)]
    files = ", ".join(os.path.basename(file) for file in made.files)
    text = text_of(_with_templates(made.root))
    return Native(f"# Made from {files} by `injector convert`.\n\n{text}", tuple(warnings))


def _not_passed_on(made: Made) -> Iterator[Problem]:
    for listener in made.together.blocks("listener"):
        if listener.get("role") != "metrics_only":
            said = "requests are no longer forwarded to Vault: only `injector agent` does that"
            yield listener.problem("", said)


def _with_templates(root: Block) -> Block:
    """Return the root with converted templates, preceded by the secrets that they use."""
    texts = _Texts()
    found = {
        name: [texts.convert(block) for block in root.value(name)]
        for name in ("template", "env_template")
        if root.value(name)
    }
    whole = Block(root.file, root.line)
    for name, entry in root:
        if name == "vault" and not list(entry.value):
            continue
        if name in found and texts.names.of and whole.value("secrets") is None:
            whole.put("secrets", _secrets(root, texts.names))
        whole.put(name, found.get(name, entry.value), verbatim=entry.verbatim, remark=entry.remark)
    return whole


def _secrets(root: Block, names: Names) -> Block:
    secrets = Block(root.file, root.line)
    for ref, name in names.of.items():
        secret, params = Block(root.file, root.line), Block(root.file, root.line)
        secret.put("path", ref.path)
        if ref.body is not None:
            for key, value in json.loads(ref.body).items():
                params.put(key, value)
            secret.put("params", params)
        secrets.put(name, secret)
    return secrets


class _Texts:
    def __init__(self) -> None:
        self.names = Names()

    def convert(self, block: Block) -> Block:
        """Return a template in Jinja, or unchanged with the reason."""
        origin = block.value("source")
        source = Source(
            origin or "contents",
            read_text(origin, as_go=True) if origin else block.value("contents"),
            block.value("left_delimiter") or "{{",
            block.value("right_delimiter") or "}}",
        )
        tried = self.names.copy()
        try:
            if block.value("destination") == os.devnull:
                raise CannotError("it only writes other files, with writeToFile")
            if is_broken(source.text):
                raise CannotError("it is not UTF-8 text")
            made = converted(source, tried)
            require_same(source, made)
        except CannotError as why:
            return _kept(block, source, str(why))
        self.names = tried
        remarks = [f"was {origin}"] if origin else []
        remarks += [] if block.value("error_on_missing_key") else [_MISSING]
        result = _without(block, "source", "contents", *_ONLY_GO)
        result.put("contents", made.text, verbatim=True, remark="; ".join(remarks))
        return result


def _kept(block: Block, source: Source, why: str) -> Block:
    called = functions(tree_of(source))
    result = _without(block, *(() if called & _REACH_FILES else ("sandbox_path",)))
    result.put("language", "go", remark=f"not converted: {why}")
    return result


def _without(block: Block, *names: str) -> Block:
    made = Block(block.file, block.line)
    for name, entry in block:
        if name not in names:
            made.put(name, entry.value, verbatim=entry.verbatim, remark=entry.remark)
    return made
