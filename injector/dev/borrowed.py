"""The user's own configuration, pointed at the development server and otherwise unchanged."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
import yaml

from injector.config import model
from injector.config.introspect import annotation, is_block, written

# The options that are replaced by another server, login and listener.
REPLACED = frozenset(
    ("vault", "auto_auth", "listener", "cache", "journal", "pid_file", "log_format", "log_file")
)


def borrowed(path: str, instead: Mapping[str, Any]) -> str:
    """Return the configuration at `path` for another directory, with these blocks replaced."""
    with open(path, encoding="utf-8-sig") as file:
        root = _composed(file.read())
    root.value = [(key, value) for key, value in root.value if key.value not in REPLACED]
    _relocate(root, model.Config, os.path.dirname(os.path.abspath(path)))
    root.value += _composed(yaml.safe_dump(dict(instead))).value
    root.flow_style = False  # as it is in a JSON file
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper)
    return text


def _composed(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)  # it has been loaded before
    return root


def _relocate(node: yaml.Node, kind: Any, directory: str) -> None:
    """Make absolute the paths in a value of this type that are relative to the file's directory."""
    if not isinstance(node, yaml.ScalarNode):
        for inner, inner_kind in _inside(node, kind):
            _relocate(inner, inner_kind, directory)
    elif written(annotation(kind)[1]) == "path" and not node.value.startswith(("/", "${")):
        node.value = node.value and os.path.join(directory, node.value)


def _inside(node: yaml.Node, kind: Any) -> Iterator[tuple[yaml.Node, Any]]:
    """Return the values in a list or mapping of this type, each with its own type."""
    plain, _ = annotation(kind)
    if get_origin(plain) is tuple:
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        yield from ((item, get_args(plain)[0]) for item in items)
    elif get_origin(plain) is dict:
        yield from ((value, get_args(plain)[1]) for _, value in node.value)
    elif is_block(plain):
        fields = {info.name: info.type for info in msgspec.structs.fields(plain)} | {"<<": kind}
        yield from ((value, fields[key.value]) for key, value in node.value if key.value in fields)
