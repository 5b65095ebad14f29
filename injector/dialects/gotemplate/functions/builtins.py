"""The functions that every Go template has."""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote_plus

from injector.dialects.gotemplate.go import comparison
from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.limits import check_text
from injector.dialects.gotemplate.go.printf import sprintf
from injector.dialects.gotemplate.go.printing import NO_VALUE, print_text, println_text
from injector.dialects.gotemplate.go.quoting import is_printable
from injector.dialects.gotemplate.go.values import (
    AnyMap,
    Byte,
    StringMap,
    bytes_of,
    is_true,
    kind_of,
    length_of,
    text_of,
    type_of,
)

# How many characters an escaped one can become, as in \u0027.
_GROWTH = 6
_HTML = {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
_JAVASCRIPT = {
    "\\": "\\\\", "'": "\\'", '"': '\\"',
    "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip
_MOST_INDEXES = 3


def _length(item: Any) -> int:
    if item is None:
        raise GoError("len of nil pointer")
    if kind_of(item) not in ("string", "slice", "map", "chan"):
        raise GoError(f"len of type {type_of(item)}")
    return length_of(item)


def _index(item: Any, *indexes: Any) -> Any:
    if item is None:
        raise GoError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise GoError("index of nil pointer")
        kind = kind_of(item)
        if kind == "map":
            item = _entry(item, index)
        elif kind == "slice":
            item = item[_position(index, len(item) - 1)]
        elif kind == "string":
            data = bytes_of(item)
            item = Byte(data[_position(index, len(data) - 1)])
        else:
            raise GoError(f"can't index item of type {type_of(item)}")
    return item


def _entry(item: Mapping[Any, Any], key: Any) -> Any:
    """Return the entry, or the zero value of the map's elements."""
    if not isinstance(item, AnyMap):
        if key is None:
            raise GoError("value is nil; should be of type string")
        if type(key) is not str:
            raise GoError(f"value has type {type_of(key)}; should be string")
    return item.get(key, "" if isinstance(item, StringMap) else None)


def _position(index: Any, largest: int) -> int:
    if index is None:
        raise GoError("cannot index slice/array with nil")
    if kind_of(index) not in ("int", "uint"):
        raise GoError(f"cannot index slice/array with type {type_of(index)}")
    if not 0 <= index <= largest:
        raise GoError(f"index out of range: {VALUE}", int(index))
    return int(index)


def _slice(item: Any, *indexes: Any) -> Any:
    if item is None:
        raise GoError("slice of untyped nil")
    if len(indexes) > _MOST_INDEXES:
        raise GoError(f"too many slice indexes: {len(indexes)}")
    kind = kind_of(item)
    if kind not in ("string", "slice"):
        raise GoError(f"can't slice item of type {type_of(item)}")
    if kind == "string" and len(indexes) == _MOST_INDEXES:
        raise GoError("cannot 3-index slice a string")
    parts = bytes_of(item) if kind == "string" else item
    places = [_position(index, len(parts)) for index in indexes]
    bounds = [*places, *(0, len(parts), len(parts))[len(places) :]]
    for low, high in pairwise(bounds):
        if low > high:
            raise GoError(f"invalid slice index: {VALUE} > {VALUE}", low, high)
    chosen = parts[bounds[0] : bounds[1]]
    return text_of(chosen) if isinstance(chosen, bytes) else type(item)(chosen)


def _not(value: Any) -> bool:
    return not is_true(value)


def _print(*values: Any) -> str:
    return print_text(values)


def _println(*values: Any) -> str:
    return println_text(values)


def _printf(format_: str, *values: Any) -> str:
    return sprintf(format_, values)


def _escaped(values: tuple[Any, ...]) -> str:
    text = print_text(NO_VALUE if value is None else value for value in values)
    check_text(_GROWTH * len(text))
    return text


def _html_escaped(*values: Any) -> str:
    return re.sub(r"[\"'&<>\0]", lambda match: _HTML[match[0]], _escaped(values))


def _js(*values: Any) -> str:
    return "".join(map(_js_char, _escaped(values)))


def _js_char(char: str) -> str:
    if char in _JAVASCRIPT:
        return _JAVASCRIPT[char]
    if char < " ":
        return f"\\u{ord(char):04X}"
    if char < "\x80" or is_printable(char) or "\udc80" <= char <= "\udcff":  # the last: a byte
        return char
    return f"\\u{ord(char):04X}"


def _urlquery(*values: Any) -> str:
    return quote_plus(bytes_of(_escaped(values)), safe="~")


def _decides(first: Any, *_others: Any) -> Any:
    return first  # `and` and `or` are in the evaluator: they do not evaluate all arguments


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": _decides,
    "call": _decides,  # in the evaluator, because its errors quote the callee
    "eq": comparison.equal,
    "ge": comparison.greater_or_equal,
    "gt": comparison.greater,
    "html": _html_escaped,
    "index": _index,
    "js": _js,
    "le": comparison.less_or_equal,
    "len": _length,
    "lt": comparison.less,
    "ne": comparison.not_equal,
    "not": _not,
    "or": _decides,
    "print": _print,
    "printf": _printf,
    "println": _println,
    "slice": _slice,
    "urlquery": _urlquery,
}
