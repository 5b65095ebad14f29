"""eq, ne, lt, le, gt, ge: only values of the same kind can be compared."""

from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.values import Struct, bytes_of, kind_of, type_of

_BASIC = frozenset(("bool", "int", "uint", "float", "string"))
_BAD_TYPE = "invalid type for comparison"
_INCOMPATIBLE = "incompatible types for comparison"


def equal(first: Any, *others: Any) -> bool:
    """Return whether the first value equals one of the others."""
    if not others:
        raise GoError("missing argument for comparison")
    kind = _basic(first)
    return any(_equals(first, kind, other) for other in others)


def not_equal(first: Any, second: Any) -> bool:
    return not equal(first, second)


def less(first: Any, second: Any) -> bool:
    one, other = _basic(first), _basic(second)
    if not one or not other:
        raise GoError(_BAD_TYPE)
    if one != other and {one, other} != {"int", "uint"}:
        raise GoError(_INCOMPATIBLE)
    if one == "bool":
        raise GoError(_BAD_TYPE)
    if one == "string":
        return bytes_of(first) < bytes_of(second)
    return bool(first < second)


def less_or_equal(first: Any, second: Any) -> bool:
    return less(first, second) or equal(first, second)


def greater(first: Any, second: Any) -> bool:
    return not less_or_equal(first, second)


def greater_or_equal(first: Any, second: Any) -> bool:
    return not less(first, second)


def _equals(first: Any, kind: str, other: Any) -> bool:
    other_kind = _basic(other)
    if kind != other_kind:
        if {kind, other_kind} == {"int", "uint"}:
            return bool(first == other)
        if first is not None and other is not None:
            raise GoError(_INCOMPATIBLE)
        return False
    if kind == "string":
        return str.__eq__(first, other) is True
    if kind:
        return bool(first == other)
    if first is None or other is None:
        return first is None and other is None
    if kind_of(first) != kind_of(other):
        raise GoError(
            f"non-comparable types {VALUE}: {type_of(first)}, {type_of(other)}: {VALUE}",
            first,
            other,
        )
    if not isinstance(other, Struct):
        raise GoError(f"non-comparable type {VALUE}: {type_of(other)}", other)
    return first is other


def _basic(value: Any) -> str:
    kind = kind_of(value)
    return kind if kind in _BASIC else ""
