"""Sprig's functions for lists."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.functions.sprig_numbers import whole
from injector.dialects.gotemplate.functions.sprig_values import deep_equal, is_empty
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import Ints, Strings, kind_of


def _items(action: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise GoError(f"Cannot {action} on type {kind_of(value)}")


def listed(*values: Any) -> list[Any]:
    return list(values)


def append(value: Any, item: Any) -> list[Any]:
    return [*_items("push", value), item]


def prepend(value: Any, item: Any) -> list[Any]:
    return [item, *_items("prepend", value)]


def first(value: Any) -> Any:
    items = _items("find first", value)
    return items[0] if items else None


def last(value: Any) -> Any:
    items = _items("find last", value)
    return items[-1] if items else None


def rest(value: Any) -> list[Any]:
    return list(_items("find rest", value)[1:])


def initial(value: Any) -> list[Any]:
    return list(_items("find initial", value)[:-1])


def reverse(value: Any) -> list[Any]:
    return list(reversed(_items("find reverse", value)))


def compact(value: Any) -> list[Any]:
    return [item for item in _items("compact", value) if not is_empty(item)]


def uniq(value: Any) -> list[Any]:
    found: list[Any] = []
    for item in _items("find uniq", value):
        if not _is_in(item, found):
            found.append(item)
    return found


def without(value: Any, *omitted: Any) -> list[Any]:
    return [item for item in _items("find without", value) if not _is_in(item, list(omitted))]


def has(item: Any, value: Any) -> bool:
    return value is not None and _is_in(item, _items("find has", value))


def _is_in(item: Any, items: list[Any]) -> bool:
    return any(deep_equal(item, other) for other in items)


def sliced(value: Any, *indexes: Any) -> Any:
    items = _items("slice", value)
    if not items:
        return None
    start = whole(indexes[0]) if indexes else 0
    end = whole(indexes[1]) if len(indexes) > 1 else len(items)
    if not 0 <= start <= end <= len(items):
        raise GoError("reflect.Value.Slice: slice index out of bounds")
    kind = type(items) if type(items) in (Strings, Ints) else list
    return kind(items[start:end])


def concat(*values: Any) -> list[Any]:
    return [item for value in values for item in _items("concat", value)]


def chunk(size: int, value: Any) -> list[Any]:
    items = _items("chunk", value)
    if size < 1:
        raise GoError("the size of a chunk must be at least 1")
    return [list(items[at : at + size]) for at in range(0, len(items), size)]


_PLAIN: dict[str, Callable[..., Any]] = {"concat": concat, "list": listed, "tuple": listed}
# Both forms fail alike: in Go, the one without `must` panics, which is an error too.
_IN_TWO_FORMS: dict[str, Callable[..., Any]] = {
    "append": append,
    "chunk": chunk,
    "compact": compact,
    "first": first,
    "has": has,
    "initial": initial,
    "last": last,
    "prepend": prepend,
    "push": append,
    "rest": rest,
    "reverse": reverse,
    "slice": sliced,
    "uniq": uniq,
    "without": without,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in (_PLAIN | _IN_TWO_FORMS).items()} | {
    f"sprig_must{name[0].upper()}{name[1:]}": function for name, function in _IN_TWO_FORMS.items()
}
