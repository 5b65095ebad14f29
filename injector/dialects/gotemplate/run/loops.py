"""Iterates for `range`."""

from collections.abc import Iterable
from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.values import MISSING, Channel, Int64, key_order, kind_of


def items(value: Any, variables: int) -> Iterable[tuple[Any, Any]]:
    """Return pairs of index or key and item; raises GoError if the value cannot be iterated."""
    kind = kind_of(value)
    if kind in ("int", "uint"):
        if variables > 1:
            raise GoError(f"can't use {VALUE} to iterate over more than one variable", value)
        made = type(value)
        return ((MISSING, made(number)) for number in range(value))
    if kind == "slice":
        return enumerate(value)
    if kind == "map":
        return ((key, value[key]) for key in key_order(value))
    if isinstance(value, Channel):
        return ((index, Int64(number)) for index, number in enumerate(value.numbers))
    if kind != "invalid":
        raise GoError(f"range can't iterate over {VALUE}", value)
    return ()
