"""Sprig's functions for values of any kind: defaults, choices, types, JSON."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.functions.documents import from_json
from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.json import json_text
from injector.dialects.gotemplate.go.values import Struct, kind_of, type_of

# Go's names of kinds that include a size.
_SIZED = {"Int64": "int64", "Uint64": "uint64", "Byte": "uint8", "Rune": "int32"}


def is_empty(value: Any) -> bool:
    return not isinstance(value, Struct) and not value


def default(otherwise: Any, *given: Any) -> Any:
    return otherwise if not given or is_empty(given[0]) else given[0]


def coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


def all_(*values: Any) -> bool:
    return not any(map(is_empty, values))


def any_(*values: Any) -> bool:
    return not all(map(is_empty, values))


def ternary(yes: Any, no: Any, condition: bool) -> Any:  # noqa: FBT001 - a template's argument
    return yes if condition else no


def fail(message: str) -> str:
    raise GoError(VALUE, message)


def type_name(value: Any) -> str:
    return type_of(value)


def type_is(target: str, value: Any) -> bool:
    return target == type_of(value)


def type_is_like(target: str, value: Any) -> bool:
    return type_of(value) in (target, f"*{target}")


def kind_name(value: Any) -> str:
    if isinstance(value, Struct) and value.type_name.startswith("*"):
        return "ptr"
    kind = kind_of(value)
    return _SIZED.get(type(value).__name__, "float64" if kind == "float" else kind)


def kind_is(target: str, value: Any) -> bool:
    return target == kind_name(value)


def deep_equal(first: Any, second: Any) -> bool:
    """Return whether values and all their parts are equal and of the same types."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            deep_equal(item, second[key]) for key, item in first.items()
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(deep_equal, first, second))
    return bool(first == second)


def from_json_leniently(text: str) -> Any:
    try:
        return from_json(text)
    except GoError:
        return None


def to_json(value: Any) -> str:
    return json_text(value)


def to_pretty_json(value: Any) -> str:
    return json_text(value, indented=True)


def to_raw_json(value: Any) -> str:
    return json_text(value, html=False)


def hello() -> str:
    return "Hello!"


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "all": all_,
    "any": any_,
    "coalesce": coalesce,
    "deepEqual": deep_equal,
    "default": default,
    "empty": is_empty,
    "fail": fail,
    "fromJson": from_json_leniently,
    "hello": hello,
    "kindIs": kind_is,
    "kindOf": kind_name,
    "mustFromJson": from_json,
    "mustToJson": to_json,
    "mustToPrettyJson": to_pretty_json,
    "mustToRawJson": to_raw_json,
    "ternary": ternary,
    "toJson": to_json,
    "toPrettyJson": to_pretty_json,
    "toRawJson": to_raw_json,
    "typeIs": type_is,
    "typeIsLike": type_is_like,
    "typeOf": type_name,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in _FUNCTIONS.items()}
