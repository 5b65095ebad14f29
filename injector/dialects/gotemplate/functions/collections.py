"""Lists and maps: what they contain, and maps built from others."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.functions.numbers import parse_int
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import Channel, kind_of, type_of


def is_in(whole: Any, part: Any) -> bool:
    """Return whether a list has an item, or a string a substring; other types are never in it."""
    if isinstance(whole, str):
        _require(part)
        return type(part) is type(whole) and part in whole
    if not isinstance(whole, list):
        return False
    return any(_is_same(item, part) for item in whole)


def _is_same(item: Any, part: Any) -> bool:
    kind = kind_of(item)
    if kind == "string":
        _require(part)
        return type(item) is type(part) and item == part
    return kind in ("int", "float") and kind_of(part) == kind and item == part


def _require(part: Any) -> None:
    if part is None:
        raise GoError("cannot search for nil in strings")


def _contains(part: Any, whole: Any) -> bool:
    return is_in(whole, part)


def _contains_all(parts: list[Any], whole: Any) -> bool:
    return all(is_in(whole, part) for part in parts)


def _contains_any(parts: list[Any], whole: Any) -> bool:
    return any(is_in(whole, part) for part in parts)


def _contains_none(parts: list[Any], whole: Any) -> bool:
    return not _contains_any(parts, whole)


def _contains_not_all(parts: list[Any], whole: Any) -> bool:
    return not _contains_all(parts, whole)


def _explode_map(flat: dict[str, Any]) -> dict[str, Any]:
    """Make nested maps from keys with slashes."""
    made: dict[str, Any] = {}
    for key in sorted(flat):
        *folders, name = key.split("/")
        inner = made
        for folder in folders:
            inner = inner.setdefault(folder, {})
            if type(inner) is not dict:
                raise GoError(f"explodeMap: {quoted(folder)} is both a value and a folder")
        if name:
            inner[name] = flat[key]
    return made


def _merge_map(into: dict[str, Any], more: dict[str, Any], *_options: Any) -> dict[str, Any]:
    if _options:
        raise GoError("mergeMap takes two maps")
    return merged(into, more, overwrite=False)


def _merge_map_with_override(into: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return merged(into, more, overwrite=True)


def merged(into: dict[str, Any], more: dict[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """Merge nested maps into the first one; without `overwrite`, only its empty values are set.

    The maps belong to this rendering: the secrets of other templates do not change.
    """
    for key, item in more.items():
        before = into.get(key)
        if type(before) is dict and type(item) is dict:
            merged(before, item, overwrite=overwrite)
        elif overwrite or is_empty(before):
            into[key] = item
    return into


def is_empty(value: Any) -> bool:
    """Return whether a value is the zero value of its type."""
    return value is None or (isinstance(value, str | int | float | list | dict) and not value)


def _loop(*bounds: Any) -> Any:
    """Count from the first bound, or 0, up to but excluding the last."""
    if len(bounds) not in (1, 2):
        raise GoError(f"loop: wrong number of arguments, expected 1 or 2, but got {len(bounds)}")
    start, stop = map(_bound, bounds if len(bounds) > 1 else (0, *bounds))
    return Channel(iter(range(start, stop)))


def _bound(value: Any) -> int:
    if kind_of(value) in ("int", "uint"):
        return int(value)
    if isinstance(value, str):
        return int(parse_int(str(value)))
    raise GoError(f"loop: bad argument type: {type_of(value)}")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": _contains,
    "containsAll": _contains_all,
    "containsAny": _contains_any,
    "containsNone": _contains_none,
    "containsNotAll": _contains_not_all,
    "explodeMap": _explode_map,
    "in": is_in,
    "loop": _loop,
    "mergeMap": _merge_map,
    "mergeMapWithOverride": _merge_map_with_override,
}
