"""Sprig's functions for numbers: every value is converted, and 0 if that fails."""

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import reduce
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.limits import check_list
from injector.dialects.gotemplate.go.numbers import MAX_INT, MIN_INT, parsed_float, parsed_int
from injector.dialects.gotemplate.go.printing import plain
from injector.dialects.gotemplate.go.values import Int64, Ints

_WORD = 1 << 64
_PRECISION = 16  # of a division, as in Go's decimal library


def whole(value: Any) -> int:
    """Convert a value to an int64."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else MIN_INT
    if isinstance(value, str):
        number = parsed_int(re.sub(r"\.0+$", "", str(value)))
        return number if number is not None and MIN_INT <= number <= MAX_INT else 0
    return int(value) if isinstance(value, int) else 0


def real(value: Any) -> float:
    if isinstance(value, str):
        return parsed_float(str(value)) or 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _int64(value: int) -> Int64:
    return Int64((value + _WORD // 2) % _WORD - _WORD // 2)


def add(*values: Any) -> Int64:
    return _int64(sum(map(whole, values)))


def add1(value: Any) -> Int64:
    return _int64(whole(value) + 1)


def sub(first: Any, second: Any) -> Int64:
    return _int64(whole(first) - whole(second))


def mul(first: Any, *values: Any) -> Int64:
    return _int64(math.prod(map(whole, (first, *values))))


def div(first: Any, second: Any) -> Int64:
    one, other = whole(first), _divisor(second)
    quotient = abs(one) // abs(other)
    return _int64(quotient if (one < 0) == (other < 0) else -quotient)


def mod(first: Any, second: Any) -> Int64:
    one, other = whole(first), _divisor(second)
    rest = abs(one) % abs(other)
    return _int64(-rest if one < 0 else rest)


def _divisor(value: Any) -> int:
    if number := whole(value):
        return number
    raise GoError("integer divide by zero")


def largest(first: Any, *values: Any) -> Int64:
    return _int64(max(map(whole, (first, *values))))


def smallest(first: Any, *values: Any) -> Int64:
    return _int64(min(map(whole, (first, *values))))


def maxf(first: Any, *values: Any) -> float:
    return max(map(real, (first, *values)))


def minf(first: Any, *values: Any) -> float:
    return min(map(real, (first, *values)))


def _decimal(values: tuple[Any, ...], work: Callable[[Decimal, Decimal], Decimal]) -> float:
    """Calculate in decimal with the shortest form of each number: 0.1 plus 0.2 is 0.3."""
    numbers = [Decimal(repr(real(value))) for value in values]
    with localcontext() as context:
        context.prec = 400
        return float(reduce(work, numbers))


def addf(*values: Any) -> float:
    return _decimal((0.0, *values), operator.add)


def add1f(value: Any) -> float:
    return _decimal((value, 1), operator.add)


def subf(first: Any, *values: Any) -> float:
    return _decimal((first, *values), operator.sub)


def mulf(first: Any, *values: Any) -> float:
    return _decimal((first, *values), operator.mul)


def divf(first: Any, *values: Any) -> float:
    return _decimal((first, *values), _quotient)


def _quotient(first: Decimal, second: Decimal) -> Decimal:
    if not second:
        raise GoError("decimal division by 0")
    return round(first / second, _PRECISION)


def floor(value: Any) -> float:
    return _kept(real(value), math.floor)


def ceil(value: Any) -> float:
    return _kept(real(value), math.ceil)


def _kept(value: float, work: Callable[[float], int]) -> float:
    return float(work(value)) if math.isfinite(value) else value


def rounded(value: Any, places: int, *on: float) -> float:
    """Round half up, or up from another fraction."""
    power = 10.0**places
    digit = power * real(value)
    part = math.modf(digit)[0]
    up = part >= (on[0] if on else 0.5)
    return (math.ceil(digit) if up else math.floor(digit)) / power


def atoi(text: str) -> int:
    number = int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else 0
    return min(max(number, MIN_INT), MAX_INT)


def to_int(value: Any) -> int:
    return whole(value)


def to_int64(value: Any) -> Int64:
    return Int64(whole(value))


def to_decimal(value: Any) -> Int64:
    """Read the digits of a value as octal."""
    text = plain(value)
    number = int(text, 8) if re.fullmatch(r"[+-]?[0-7]+", text) else 0
    return Int64(number if MIN_INT <= number <= MAX_INT else 0)


def until(count: int) -> Ints:
    return until_step(0, count, -1 if count < 0 else 1)


def until_step(start: int, stop: int, step: int) -> Ints:
    if not step or (stop < start) != (step < 0):
        return Ints()
    numbers = range(start, stop, step)
    check_list(len(numbers))
    return Ints(numbers)


def seq(*bounds: int) -> str:
    """Return the numbers up to and including the last one, separated by spaces."""
    match bounds:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
        case (start, end):
            step = -1 if end < start else 1
        case (start, step, end):
            if end < start and step > 0:
                return ""
        case _:
            return ""
    last = end - 1 if end < start else end + 1
    return " ".join(map(str, until_step(start, last, step)))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": add,
    "add1": add1,
    "add1f": add1f,
    "addf": addf,
    "atoi": atoi,
    "biggest": largest,
    "ceil": ceil,
    "div": div,
    "divf": divf,
    "float64": real,
    "floor": floor,
    "int": to_int,
    "int64": to_int64,
    "max": largest,
    "maxf": maxf,
    "min": smallest,
    "minf": minf,
    "mod": mod,
    "mul": mul,
    "mulf": mulf,
    "round": rounded,
    "seq": seq,
    "sub": sub,
    "subf": subf,
    "toDecimal": to_decimal,
    "until": until,
    "untilStep": until_step,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in _FUNCTIONS.items()}
