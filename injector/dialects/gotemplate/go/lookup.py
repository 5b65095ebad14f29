"""Looks up a key: a method, a field, a map entry, or nothing."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError, NoEntryError
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import (
    MISSING,
    NIL_POINTER,
    UNKNOWN,
    Int64,
    Number,
    StringMap,
    Struct,
    Unknown,
    type_of,
)

Found = tuple[Any, Any]  # a value, or a function


def looked_up(value: Any, key: str, *, has_arguments: bool, missing_is_error: bool) -> Found:
    """Return the value or the method of a key; raises GoError."""
    if isinstance(value, dict):
        if has_arguments:
            raise GoError(f"{key} is not a method but has arguments")
        return _entry(value, key, missing_is_error=missing_is_error), None
    if type(value) is Unknown:
        return UNKNOWN, None
    if value is MISSING and not missing_is_error:
        return MISSING, None
    if value is MISSING:
        raise NoEntryError(key, None, f"nil data; no entry for key {quoted(key)}")
    if isinstance(value, Struct):
        return _member(value, key, has_arguments=has_arguments)
    if isinstance(value, Number) and key in _NUMBER_METHODS:
        return None, _NUMBER_METHODS[key](value)
    raise _no_such(value, key)


def _entry(value: dict[Any, Any], key: str, *, missing_is_error: bool) -> Any:
    if key in value:
        return value[key]
    if missing_is_error:
        raise NoEntryError(key, value, f"map has no entry for key {quoted(key)}")
    return "" if isinstance(value, StringMap) else None


def _member(value: Struct, key: str, *, has_arguments: bool) -> Found:
    if key in value.methods:
        return None, value.methods[key]
    if key not in value.fields:
        raise _no_such(value, key)
    if has_arguments:
        raise GoError(f"{key} has arguments but cannot be invoked as function")
    return value.fields[key], None


def _no_such(value: Any, key: str) -> GoError:
    if value is None or value is NIL_POINTER:
        return GoError(f"nil pointer evaluating interface {{}}.{key}")
    return GoError(f"can't evaluate field {key} in type {type_of(value)}")


def _string(value: Number) -> Callable[[], str]:
    return lambda: str(value)


def _int64(value: Number) -> Callable[[], Int64]:
    def method() -> Int64:
        from injector.dialects.gotemplate.functions.numbers import parse_int

        return parse_int(str(value))

    return method


def _float64(value: Number) -> Callable[[], float]:
    def method() -> float:
        from injector.dialects.gotemplate.functions.numbers import parse_float

        return parse_float(str(value))

    return method


_NUMBER_METHODS: dict[str, Callable[[Number], Callable[[], Any]]] = {
    "String": _string,
    "Int64": _int64,
    "Float64": _float64,
}
