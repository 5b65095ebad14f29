"""TOML as BurntSushi's encoder writes it: sorted keys, tables after values."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.numbers import float_text
from injector.dialects.gotemplate.go.values import (
    MISSING,
    AnyMap,
    Number,
    Struct,
    bytes_of,
    type_of,
)

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LARGEST_INT = 2**63


def to_toml(value: Any) -> str:
    if isinstance(value, Struct):
        value = dict(value.fields)
    if isinstance(value, Mapping):
        lines: list[str] = []
        _table(lines, (), value)
        return "\n".join(lines).strip()
    return _value(value)


def _table(lines: list[str], path: tuple[str, ...], table: Mapping[Any, Any]) -> None:
    if isinstance(table, AnyMap) and not all(isinstance(key, str) for key in table):
        raise GoError("toml: cannot encode a map with non-string key type")
    known = {key: item for key, item in table.items() if item is not None and item is not MISSING}
    keys = sorted(known, key=bytes_of)
    indent = "  " * len(path)
    lines += [
        f"{indent}{_key(key)} = {_value(known[key])}" for key in keys if not _is_table(known[key])
    ]
    for key in keys:
        item = known[key]
        if isinstance(item, Mapping):
            _header(lines, (*path, key), "[{}]")
            _table(lines, (*path, key), item)
        elif _is_table(item):
            for one in item:
                _header(lines, (*path, key), "[[{}]]", always=True)
                _table(lines, (*path, key), one)


def _header(
    lines: list[str], path: tuple[str, ...], brackets: str, *, always: bool = False
) -> None:
    """Begin a table; a blank line precedes those of the first level, and each of an array."""
    if (always or len(path) == 1) and lines:
        lines.append("")
    lines.append("  " * (len(path) - 1) + brackets.format(".".join(map(_key, path))))


def _is_table(value: Any) -> bool:
    """Return whether a value has its own header: a map, or a list of maps only."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    written = json.dumps(bytes_of(text).decode("utf-8", "replace"), ensure_ascii=False)
    return written.replace("\x7f", "\\u007f")


def _value(value: Any) -> str:  # noqa: PLR0911 - one line for each type
    match value:
        case bool():
            return "true" if value else "false"
        case Number():
            return _number(value)
        case str():
            return _string(value)
        case int():
            return int.__repr__(value)
        case float():
            return _float(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            pairs = (f"{_key(key)} = {_value(value[key])}" for key in sorted(value, key=bytes_of))
            return f"{{{', '.join(pairs)}}}"
    raise GoError(f"toml: cannot encode {type_of(value)}")


def _number(value: Number) -> str:
    text = str(value)
    try:
        whole = int(text)
    except ValueError:
        return _float(float(text))
    return str(whole) if -_LARGEST_INT <= whole < _LARGEST_INT else _float(float(text))


def _float(value: float) -> str:
    text = float_text(value, "f", -1)
    if not text.lstrip("+-")[:1].isdigit():
        return text.lower()
    return text if "." in text else f"{text}.0"


FUNCTIONS: dict[str, Callable[..., Any]] = {"toTOML": to_toml}
