"""Manifests in, manifests out: every workload in them gets what the webhook would give its pods.

A document in which nothing changes keeps its bytes. One that changes is written anew from its
parsed nodes: its values keep their spelling (`0640`, `yes`, quotes), its comments are lost.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from injector.inject.go import json_patch
from injector.inject.nodes import nodes_of, unshared, value_of, written
from injector.inject.outcome import Operations, Outcome
from injector.inject.workloads import Path, Workload, workloads

# A line that begins a document, wherever it stands: YAML allows it in no value.
_BEGINS = re.compile(r"^(?=---(?:\s|$))", re.MULTILINE)
_DIRECTIVES = re.compile(r"(?:%.*\n|#.*\n|\s*\n)*%.*\n(?:%.*\n|#.*\n|\s*\n)*")

Injecting = Callable[[Workload], Outcome]


class NotAManifest(ValueError):
    """The text is neither YAML nor JSON; the message has the line."""


@dataclass(frozen=True, slots=True)
class Injected:
    """One document afterwards, and what became of each of its workloads."""

    text: str
    outcomes: tuple[tuple[Workload, Outcome], ...]


def inject_manifests(text: str, injecting: Injecting) -> Iterator[Injected]:
    """Yield each document of a text; together they are the text that comes out.

    Raises NotAManifest.
    """
    line = 0
    for document in _documents(text):
        if document:
            yield _injected(document, line, injecting)
        line += document.count("\n")


def _documents(text: str) -> Iterator[str]:
    """Yield the text of each document; a directive belongs to the one that it stands before."""
    before = ""
    for part in _BEGINS.split(text):
        if _DIRECTIVES.fullmatch(part):
            before += part
        else:
            yield before + part
            before = ""
    yield before


def _injected(document: str, line: int, injecting: Injecting) -> Injected:
    not_json = ""
    if document.lstrip().startswith("{"):
        try:
            return _injected_json(document, line, injecting)
        except NotAManifest as exc:  # it may be YAML on one line
            not_json = str(exc)
    try:
        root = yaml.compose(document, Loader=yaml.CSafeLoader)
        if root is None:
            return Injected(document, ())
        own = unshared(root)
        content = value_of(own)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise NotAManifest(not_json or _what_is_wrong(exc, document, line)) from exc
    outcomes = tuple((found, injecting(found)) for found in workloads(content))
    patches = [(found.path, outcome.patch) for found, outcome in outcomes if outcome.patch]
    if not patches:
        return Injected(document, outcomes)
    for path, operations in patches:
        _patch(own, path, operations)
    begins = "---\n" if _BEGINS.search(document) else ""
    return Injected(begins + written(own), outcomes)


def _what_is_wrong(error: Exception, document: str, before: int) -> str:
    """Return it in one line, with the line of the text."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return f"line {before + mark.line + 1}: {getattr(error, 'problem', None) or error}"
    if isinstance(error, yaml.reader.ReaderError):
        line = before + document.encode().count(b"\n", 0, error.position) + 1
        return f"line {line}: {error.reason}"
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _injected_json(document: str, line: int, injecting: Injecting) -> Injected:
    try:
        content = json.loads(document)
    except json.JSONDecodeError as exc:
        raise NotAManifest(f"line {line + exc.lineno}: not JSON: {exc.msg}") from exc
    except (ValueError, RecursionError) as exc:
        raise NotAManifest("is nested too deeply, or has a number that is too long") from exc
    outcomes = tuple((found, injecting(found)) for found in workloads(content))
    changed = content
    for found, outcome in outcomes:
        if outcome.patch:
            changed = json_patch.apply(changed, _below(found.path, outcome.patch))
    if changed is content:
        return Injected(document, outcomes)
    return Injected(json.dumps(changed, indent=4, ensure_ascii=False) + "\n", outcomes)


def _below(path: Path, operations: Operations) -> list[dict[str, Any]]:
    """Return operations on a pod as operations on the document that it is in."""
    prefix = "".join(f"/{part}" for part in path)
    return [{**operation, "path": prefix + operation["path"]} for operation in operations]


def _patch(root: yaml.Node, path: Path, operations: Operations) -> None:
    """Do operations below a path: they add, and vault-k8s' exact ones remove a key as well."""
    for operation in operations:
        parts = operation["path"].split("/")[1:]
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in parts)
        parent = _find(root, (*map(str, path), *parents))
        if operation["op"] == "remove":
            parent.value = [pair for pair in parent.value if pair[0].value != last]
        else:
            _add(parent, last, nodes_of(operation["value"]))


def _find(node: yaml.Node, parts: Iterable[str]) -> yaml.Node:
    for part in parts:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(part)]
        else:
            node = next(value for key, value in node.value if key.value == part)
    return node


def _add(parent: yaml.Node, key: str, value: yaml.Node) -> None:
    if isinstance(parent, yaml.SequenceNode):
        parent.flow_style = False  # nobody can read a container on one line
        parent.value.insert(len(parent.value) if key == "-" else int(key), value)
        return
    parent.value = [pair for pair in parent.value if pair[0].value != key]
    parent.value.append((nodes_of(key), value))
