"""Text to numbers and booleans."""

import math
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.numbers import MAX_INT, MAX_UINT, MIN_INT, parsed_float
from injector.dialects.gotemplate.go.values import Int64, Uint64

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


def parse_bool(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE or not text:
        return False
    raise _unparsed("parseBool: strconv.ParseBool", text)


def parse_float(text: str) -> float:
    if not text:
        return 0.0
    value = parsed_float(text)
    if value is None:
        raise _unparsed("parseFloat: strconv.ParseFloat", text)
    if math.isinf(value) and "n" not in text.lower():
        raise _unparsed("parseFloat: strconv.ParseFloat", text, "value out of range")
    return value


def parse_int(text: str) -> Int64:
    return Int64(_whole("parseInt: strconv.ParseInt", text, MIN_INT, MAX_INT))


def parse_uint(text: str) -> Uint64:
    if text[:1] in ("+", "-"):
        raise _unparsed("parseUint: strconv.ParseUint", text)
    return Uint64(_whole("parseUint: strconv.ParseUint", text, 0, MAX_UINT))


def _whole(function: str, text: str, smallest: int, largest: int) -> int:
    if not text:
        return 0
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise _unparsed(function, text)
    value = int(text)
    if not smallest <= value <= largest:
        raise _unparsed(function, text, "value out of range")
    return value


def _unparsed(function: str, text: str, why: str = "invalid syntax") -> GoError:
    from injector.dialects.gotemplate.go.quoting import quoted

    return GoError(f"{function}: parsing {VALUE}: {why}", quoted(text))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parseBool": parse_bool,
    "parseFloat": parse_float,
    "parseInt": parse_int,
    "parseUint": parse_uint,
}
