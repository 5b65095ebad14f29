"""Parses JSON into the tree of HCL, as HashiCorp does: a list of objects is a repeated block."""

from typing import Any

import yaml

from injector.base.errors import ConfigError
from injector.config.document import TOO_DEEP, json_root, line_of
from injector.dialects.hcl.tree import Item, List, Literal, Object, Value

_LONG = 20  # digits that no whole number has here; Python refuses to read thousands
_WORDS: dict[str, str | bool] = {"true": True, "false": False, "null": ""}


def parse_json(file: str, source: str) -> Object:
    """Parse a JSON object; raises ConfigError with the line."""
    try:
        return _object(json_root(file, source))
    except RecursionError:
        raise ConfigError(f"{file}: {TOO_DEEP}") from None


def _object(node: yaml.MappingNode) -> Object:
    items = [item for key, value in node.value for item in _items(key, value)]
    return Object(tuple(items), line_of(node))


def _items(key: yaml.ScalarNode, node: yaml.Node) -> list[Item]:
    name, value = str(key.value), _value(node)
    if isinstance(value, List) and value.items:
        blocks = [each for each in value.items if isinstance(each, Object)]
        if len(blocks) == len(value.items):
            return [Item(name, (), block, block.line) for block in blocks]
    return [Item(name, (), value, line_of(key))]


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _object(node)
    if isinstance(node, yaml.SequenceNode):
        return List(tuple(_value(item) for item in node.value), line_of(node))
    assert isinstance(node, yaml.ScalarNode)
    return _literal(node.value, line_of(node), is_text=bool(node.style))


def _literal(written: str, line: int, *, is_text: bool) -> Literal:
    if is_text:
        return Literal(written, line)
    if written in _WORDS:
        return Literal(_WORDS[written], line, written)
    is_whole = len(written) < _LONG and not set(written) & set(".eE")
    number: Any = int(written) if is_whole else float(written)
    return Literal(number, line, written)
