"""Converts constants of a template to values, and to arguments of a given type."""

from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import Int64, Uint64
from injector.dialects.gotemplate.run.signature import name_of
from injector.dialects.gotemplate.syntax import nodes

Constant = nodes.Bool | nodes.Number | nodes.String
_WANTED = {
    str: "string",
    bool: "bool",
    int: "integer",
    Int64: "integer",
    Uint64: "unsigned integer",
    float: "float",
}


def value_of(node: Constant) -> Any:
    """Return a constant in the type that its form implies."""
    if isinstance(node, nodes.String):
        return node.text
    if isinstance(node, nodes.Bool):
        return node.value
    if node.as_float is not None and node.is_float:
        return node.as_float
    if node.as_int is None:
        raise GoError(f"{node.text} overflows int")
    return node.as_int


def typed(node: Constant, kind: Any) -> Any:
    """Return a constant as an argument of the given type."""
    if kind is Any:
        return value_of(node)
    if kind not in _WANTED:
        raise GoError(f"can't handle {node} for arg of type {name_of(kind)}")
    value = _as(node, kind)
    if value is None:
        raise GoError(f"expected {_WANTED[kind]}; found {node}")
    return value


def _as(node: Constant, kind: Any) -> Any:
    if isinstance(node, nodes.String):
        return node.text if kind is str else None
    if isinstance(node, nodes.Bool):
        return node.value if kind is bool else None
    if kind is float:
        return node.as_float
    number = node.as_uint if kind is Uint64 else node.as_int
    return None if number is None or kind in (str, bool) else kind(number)
