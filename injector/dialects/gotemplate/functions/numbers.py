"""Numbers and booleans from text, and arithmetic.

The second argument of arithmetic is the left operand, so that it can be piped in.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.numbers import MAX_INT, MAX_UINT, MIN_INT, parsed_float
from injector.dialects.gotemplate.go.values import Int64, Uint64, kind_of, type_of

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_NUMBERS = frozenset(("int", "uint", "float"))
_WORD = 1 << 64


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


def _function(name: str, work: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(second: Any, first: Any) -> Any:
        kinds = _kinds(name, second, first)
        if "float" in kinds:
            return work(float(first), float(second))
        return _wrapped(work(int(first), int(second)), kinds)

    return function


def _choice(name: str, better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def function(second: Any, first: Any) -> Any:
        _kinds(name, second, first)
        chosen = first if better(first, second) else second
        return {"int": Int64, "uint": Uint64, "float": float}[kind_of(chosen)](chosen)

    return function


def _kinds(name: str, second: Any, first: Any) -> set[str]:
    for value in (first, second):
        if kind_of(value) not in _NUMBERS:
            raise GoError(f"{name}: unknown type {type_of(value)}")
    return {kind_of(first), kind_of(second)}


def _wrapped(value: int, kinds: set[str]) -> int:
    """Return the number wrapped to 64 bits."""
    if kinds == {"uint"}:
        return Uint64(value % _WORD)
    return Int64((value + _WORD // 2) % _WORD - _WORD // 2)


def _divided(first: Any, second: Any) -> Any:
    if isinstance(first, float):
        if second:
            return first / second
        return math.copysign(math.inf, first) if first else math.nan
    if not second:
        raise GoError("integer divide by zero")
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


def _modulo(second: Any, first: Any) -> Any:
    kinds = _kinds("modulo", second, first)
    if "float" in kinds:
        raise GoError("modulo: unknown type float64")
    if not second:
        raise GoError("integer divide by zero")
    return _wrapped(_remainder(first, second), kinds)


def _remainder(first: int, second: int) -> int:
    """Return the remainder with the sign of the first, as in Go."""
    rest = abs(int(first)) % abs(int(second))
    return -rest if first < 0 else rest


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": _function("add", operator.add),
    "divide": _function("divide", _divided),
    "maximum": _choice("maximum", operator.gt),
    "minimum": _choice("minimum", operator.lt),
    "modulo": _modulo,
    "multiply": _function("multiply", operator.mul),
    "parseBool": parse_bool,
    "parseFloat": parse_float,
    "parseInt": parse_int,
    "parseUint": parse_uint,
    "subtract": _function("subtract", operator.sub),
}
