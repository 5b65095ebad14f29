"""The arguments a function accepts: read from its Python annotations, checked as in Go."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import (
    MISSING,
    Int64,
    NilStrings,
    Strings,
    Uint64,
    Unknown,
    type_of,
)


@dataclass(frozen=True, slots=True)
class Stateful:
    """A function, and the one that is called instead if an argument is unknown.

    Other functions are not called then, and their result is unknown too.
    """

    call: Callable[..., Any]
    with_unknown: Callable[..., Any]


# The Go type of each annotation.
_NAMES: dict[Any, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Uint64: "uint64",
    float: "float64",
    Any: "interface {}",
    Strings: "[]string",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}
_WITHOUT_ITEMS: dict[Any, Any] = {list[Any]: list, dict[str, Any]: dict}
_NIL: dict[Any, Callable[[], Any]] = {
    Any: lambda: None,
    Strings: NilStrings,
    list: list,
    dict: dict,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The types of the parameters; `rest` is the type of a variadic one, or None."""

    fixed: tuple[Any, ...]
    rest: Any = None

    def parameter(self, index: int) -> Any:
        return self.fixed[index] if index < len(self.fixed) else self.rest

    def check_count(self, name: str, written: int, given: int) -> None:
        """Reject a wrong number of arguments; `written` excludes the one that a pipeline adds."""
        if self.rest is not None:
            if given < len(self.fixed):
                raise GoError(
                    f"wrong number of args for {name}: want at least {len(self.fixed)} "
                    f"got {written}"
                )
        elif given != len(self.fixed):
            raise GoError(f"wrong number of args for {name}: want {len(self.fixed)} got {given}")


# By code object: functions of one rendering are created again for the next.
_KNOWN: dict[Any, Signature] = {}


def signature(function: Callable[..., Any] | Stateful) -> Signature:
    """Return the signature from the annotations of a function."""
    if isinstance(function, Stateful):
        function = function.call
    code = getattr(function, "__func__", function).__code__
    known = _KNOWN.get(code)
    if known is None:
        known = _KNOWN[code] = _read(function)
    return known


def _read(function: Callable[..., Any]) -> Signature:
    fixed: list[Any] = []
    rest: Any = None
    for parameter in inspect.signature(function).parameters.values():
        kind = _WITHOUT_ITEMS.get(parameter.annotation, parameter.annotation)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = kind
        else:
            fixed.append(kind)
    return Signature(tuple(fixed), rest)


def name_of(kind: Any) -> str:
    return _NAMES[kind] if kind in _NAMES else str(kind.type_name)


def can_be_nil(kind: Any) -> bool:
    return kind in _NIL


def nil_of(kind: Any) -> Any:
    return _NIL[kind]()


def validated(value: Any, kind: Any) -> Any:
    """Return the value if it can be passed where `kind` is expected; raises GoError."""
    if value is MISSING:
        if can_be_nil(kind):
            return nil_of(kind)
        raise GoError(f"invalid value; expected {name_of(kind)}")
    given = type(value)
    if kind is Any or given is kind or given is Unknown:
        return value
    if given is NilStrings and kind is Strings:
        return value
    got = "interface {}" if value is None else type_of(value)
    raise GoError(f"wrong type for value; expected {name_of(kind)}; got {got}")
