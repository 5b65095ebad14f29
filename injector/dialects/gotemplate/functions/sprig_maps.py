"""Sprig's functions for maps. Where Go's order is random, keys are sorted."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from injector.dialects.gotemplate.functions.collections import merged
from injector.dialects.gotemplate.functions.sprig_text import strval
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import Strings, key_order, type_of

_FEWEST_FOR_DIG = 3


def made(*pairs: Any) -> dict[str, Any]:
    """Make a map from alternating keys and values; the last value may be missing."""
    values = (*pairs, "") if len(pairs) % 2 else pairs
    return {strval(values[at]): values[at + 1] for at in range(0, len(values), 2)}


def get(table: dict[str, Any], key: str) -> Any:
    return table.get(key, "")


def set_(table: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    table[key] = value
    return table


def unset(table: dict[str, Any], key: str) -> dict[str, Any]:
    table.pop(key, None)
    return table


def has_key(table: dict[str, Any], key: str) -> bool:
    return key in table


def pluck(key: str, *tables: dict[str, Any]) -> list[Any]:
    return [table[key] for table in tables if key in table]


def keys(*tables: dict[str, Any]) -> Strings:
    return Strings(key for table in tables for key in key_order(table))


def values(table: dict[str, Any]) -> list[Any]:
    return [table[key] for key in key_order(table)]


def pick(table: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: table[name] for name in names if name in table}


def omit(table: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in names}


def merge(into: dict[str, Any], *tables: dict[str, Any]) -> dict[str, Any]:
    for table in tables:
        merged(into, table, overwrite=False)
    return into


def merge_overwrite(into: dict[str, Any], *tables: dict[str, Any]) -> dict[str, Any]:
    for table in tables:
        merged(into, table, overwrite=True)
    return into


def deep_copy(value: Any) -> Any:
    return deepcopy(value)


def dig(*words: Any) -> Any:
    """Follow keys into nested maps; the last argument is the map, the one before it the default."""
    if len(words) < _FEWEST_FOR_DIG:
        raise GoError("dig needs at least three arguments")
    *path, default, found = words
    for key in path:
        if not isinstance(found, dict):
            raise GoError(f"dig: {type_of(found)} is not a map")
        if key not in found:
            return default
        found = found[key]
    return found


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "deepCopy": deep_copy,
    "dict": made,
    "dig": dig,
    "get": get,
    "hasKey": has_key,
    "keys": keys,
    "merge": merge,
    "mergeOverwrite": merge_overwrite,
    "mustDeepCopy": deep_copy,
    "mustMerge": merge,
    "mustMergeOverwrite": merge_overwrite,
    "omit": omit,
    "pick": pick,
    "pluck": pluck,
    "set": set_,
    "unset": unset,
    "values": values,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in _FUNCTIONS.items()}
