"""Converts single values of the agents' files from HCL."""

import os
import re
from collections.abc import Callable
from typing import Any

from injector.config.problem import Wrong
from injector.dialects.hcl import List, Literal, Object, Value
from injector.dialects.vault_agent.row import ValueType

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))
# Go's units, and the day that Vault adds.
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNITS["d"] = 86400.0
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d)")
_HIGHEST_MODE = 0o7777
_LONGEST_SHOWN = 60


def convert(kind: ValueType, value: Value, *, strict: bool) -> Any:
    """Return the value in the option's type; raises Wrong.

    In most blocks, the agents accept a number in quotes and the like; not if `strict`.
    """
    if kind in (ValueType.TEXTS, ValueType.COMMAND):
        return texts(value)
    if kind is ValueType.ANY:
        return None
    if not isinstance(value, Literal):
        raise Wrong(f"expected a {kind}, got {_shape(value)}")
    return _CONVERT[kind](value, strict)


def text(value: Literal, strict: bool) -> str:  # noqa: FBT001 - one shape for all of them
    if isinstance(value.value, str):
        return value.value
    if isinstance(value.value, bool) or strict:
        raise Wrong(f'expected a string, got {value.written}; quote it: "{value.written}"')
    return value.written


def path(value: Literal, strict: bool) -> str:  # noqa: FBT001
    """Read a path, relative to the working directory as in the agents; empty stays empty."""
    written = text(value, strict)
    if "\0" in written:
        raise Wrong("a path cannot contain a NUL character")
    return os.path.abspath(written) if written else ""


def boolean(value: Literal, strict: bool) -> bool:  # noqa: FBT001
    if isinstance(value.value, bool):
        return value.value
    word = value.value if isinstance(value.value, str) else value.written
    if strict or word not in _TRUE | _FALSE:
        raise Wrong(f"expected true or false, got {shown(word)}")
    return word in _TRUE


def force(value: Literal, strict: bool) -> bool | str:  # noqa: FBT001
    if isinstance(value.value, str) and value.value.lower() == "force":
        return "force"
    try:
        return boolean(value, strict)
    except Wrong:
        raise Wrong(f'expected true, false or "force", got {shown(value.value)}') from None


def whole(value: Literal, strict: bool) -> int:  # noqa: FBT001
    match value.value:
        case bool():
            pass
        case int():
            return value.value
        case str() if not strict and re.fullmatch(r"-?[0-9]{1,18}", value.value):
            return int(value.value)
    raise Wrong(f"expected a whole number, got {shown(value.written or value.value)}")


def number(value: Literal, strict: bool) -> float:  # noqa: FBT001
    if isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return float(value.value)
    if not strict and isinstance(value.value, str):
        try:
            return float(value.value)
        except ValueError:
            pass
    raise Wrong(f"expected a number, got {shown(value.written or value.value)}")


def duration(value: Literal, strict: bool) -> float:  # noqa: FBT001
    """Read `30s`, `1h30m` or a number of seconds."""
    if isinstance(value.value, bool):
        raise Wrong(f"expected a duration such as 30s, got {value.written}")
    if isinstance(value.value, int | float):
        if strict and value.value:
            raise Wrong(f'the agents read {value.written} as nanoseconds; write "{value.written}s"')
        return _not_negative(float(value.value))
    written = value.value.strip()
    if not written and not strict:
        return 0.0
    if not strict and re.fullmatch(r"[0-9]{1,18}", written):
        return float(written)
    if written == "0":
        return 0.0
    parts = _PART.findall(written)
    if not parts or "".join(map("".join, parts)) != written.removeprefix("+"):
        raise Wrong(f"expected a duration such as 30s, 5m or 1h30m, got {shown(written)}")
    return _not_negative(sum(float(count) * _UNITS[unit] for count, unit in parts))


def texts(value: Value) -> tuple[str, ...]:
    """Read a list of strings; a single string is split at commas, as in the agents."""
    if isinstance(value, Literal) and isinstance(value.value, str):
        return tuple(value.value.split(",")) if value.value else ()
    if not isinstance(value, List):
        raise Wrong(f"expected a list of strings, got {_shape(value)}")
    found = []
    for item in value.items:
        if not isinstance(item, Literal) or not isinstance(item.value, str):
            raise Wrong("expected a list of strings, but one item is not a string")
        found.append(item.value)
    return tuple(found)


def octal(value: Literal, strict: bool) -> int:  # noqa: FBT001
    """Read a mode: a string is octal, a number is as parsed by HCL."""
    del strict
    match value.value:
        case str() if re.fullmatch(r"[0-7]{1,7}", value.value):
            return _mode(int(value.value, 8))
        case bool() | str():
            raise Wrong(f'expected an octal mode such as "0640", got {shown(value.value)}')
        case found:
            return _mode(int(found))


def mode(value: Literal, strict: bool) -> int:  # noqa: FBT001
    """Read the mode of a sink, where the agents accept no string."""
    del strict
    if isinstance(value.value, int) and not isinstance(value.value, bool):
        return _mode(value.value)
    raise Wrong("expected an octal number without quotes, such as 0640; the agents reject a string")


# The agents' names of levels → ours.
LEVELS = {
    **{level: level for level in ("trace", "debug", "info", "warn", "error")},
    "notice": "info",
    "warning": "warn",
    "err": "error",
}


def level(value: Literal, strict: bool) -> str:  # noqa: FBT001
    written = text(value, strict).strip().lower()
    if written and written not in LEVELS:
        raise Wrong(f"expected trace, debug, info, warn or error, got {shown(written)}")
    return LEVELS.get(written, "")


_CONVERT: dict[ValueType, Callable[[Literal, bool], Any]] = {
    ValueType.TEXT: text,
    ValueType.PATH: path,
    ValueType.BOOLEAN: boolean,
    ValueType.FORCE: force,
    ValueType.WHOLE: whole,
    ValueType.NUMBER: number,
    ValueType.DURATION: duration,
    ValueType.OCTAL: octal,
    ValueType.MODE: mode,
    ValueType.LEVEL: level,
}


def _mode(found: int) -> int:
    if not 0 <= found <= _HIGHEST_MODE:
        raise Wrong(f"{found} is not a valid mode")
    return found


def _not_negative(seconds: float) -> float:
    if seconds < 0:
        raise Wrong("a duration cannot be negative")
    return seconds


def shown(value: object) -> str:
    """Return a value for a message, at most one line of it."""
    written = str(value)
    cut = written if len(written) <= _LONGEST_SHOWN else f"{written[:_LONGEST_SHOWN]}…"
    return f"'{cut}'"


def _shape(value: Value) -> str:
    match value:
        case List():
            return "a list"
        case Object():
            return "a block"
        case _:
            return f"'{value.written}'" if value.written else "a string"
