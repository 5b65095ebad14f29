"""Go's numbers as text: parses constants, formats floats and integers."""

import math
import re

from injector.dialects.gotemplate.go.quoting import code_of, quoted, unquoted

MIN_INT, MAX_INT, MAX_UINT = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_INTEGER = re.compile(
    r"([+-]?)(?:0[xX](_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|0[bB](_?[01]+(?:_[01]+)*)"
    r"|0[oO]?(_?[0-7]+(?:_[0-7]+)*)|(0|[1-9][0-9]*(?:_[0-9]+)*))"
)
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+")
_MANTISSA = 53  # bits of a float's mantissa
# The exponents of the first digit for which Go's shortest form has no exponent.
_SMALLEST_PLAIN, _LARGEST_PLAIN = -4, 6


class Constant:
    """A numeric constant as an int, an unsigned int and a float; None where it does not fit."""

    __slots__ = ("as_float", "as_int", "as_uint")

    def __init__(self, as_int: int | None, as_uint: int | None, as_float: float | None) -> None:
        self.as_int = as_int
        self.as_uint = as_uint
        self.as_float = as_float


def constant(text: str) -> Constant:
    """Parse a number in a template; raises ValueError with Go's message."""
    as_int = as_uint = as_float = None
    value = parsed_int(text)
    if value is not None:
        if not text.startswith(("+", "-")) and value <= MAX_UINT:
            as_uint = value
        if MIN_INT <= value <= MAX_INT:
            as_int = value
            as_uint = 0 if value == 0 else as_uint
    if as_int is not None or as_uint is not None:
        return Constant(as_int, as_uint, float(as_int if as_int is not None else as_uint or 0))
    as_float = parsed_float(text)
    if as_float is None:
        raise ValueError(f"illegal number syntax: {quoted(text)}")
    if math.isinf(as_float):
        raise ValueError(f"illegal number syntax: {quoted(text)}")
    if not any(char in text for char in ".eEpP"):
        raise ValueError(f"integer overflow: {quoted(text)}")
    if as_float.is_integer():
        whole = int(as_float)
        as_int = whole if MIN_INT <= whole <= MAX_INT else None
        as_uint = whole if 0 <= whole <= MAX_UINT else None
    return Constant(as_int, as_uint, as_float)


def character(literal: str) -> Constant:
    """Parse a character constant; raises ValueError."""
    text = unquoted(literal)
    if not text:
        raise ValueError("invalid syntax")
    if len(text) != 1:
        raise ValueError(f"malformed character constant: {literal}")
    code = code_of(text)
    return Constant(code, code, float(code))


def parsed_int(text: str) -> int | None:
    """Return the integer of a Go literal of any size."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, *digits = match.groups()
    value = next(
        int(found.replace("_", ""), base)
        for found, base in zip(digits, _BASES, strict=True)
        if found
    )
    return -value if sign == "-" else value


def parsed_float(text: str) -> float | None:
    """Parse a float like strconv.ParseFloat; None if it is invalid, infinite if it is too large."""
    if _HEX_FLOAT.fullmatch(text):
        return float.fromhex(text)
    if _FLOAT.fullmatch(text) and "_" not in text:
        return float(text)
    word = text.lower().lstrip("+-")
    if (
        word in ("inf", "infinity", "nan")
        and text[:1].lower() in "+-in"
        and len(text) <= len(word) + 1
    ):
        return -math.inf if text[0] == "-" and word != "nan" else float(word)
    return None


def shortest(value: float) -> str:
    """Return what `%v` prints for a float."""
    return float_text(value, "g", -1)


def json_float(value: float) -> str:
    """Format a float as in Go's JSON: with an exponent only if it is very small or large."""
    size = abs(value)
    if size == 0 or 1e-6 <= size < 1e21:  # noqa: PLR2004 - encoding/json's limits
        return float_text(value, "f", -1)
    text = float_text(value, "e", -1)
    # Go shortens e-09 to e-9.
    return re.sub(r"e-0(\d)$", r"e-\1", text)


def float_text(value: float, verb: str, precision: int) -> str:  # noqa: PLR0911 - a form each
    """Format like strconv.FormatFloat; a precision of -1 means as many digits as needed."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb.isupper():
        return float_text(value, verb.lower(), precision).upper()
    if verb == "b":
        mantissa, exponent = math.frexp(value)
        return f"{int(mantissa * (1 << _MANTISSA))}p{exponent - _MANTISSA:+d}"
    if verb == "x":
        return _hexadecimal(value, precision)
    if precision >= 0:
        return f"{value:.{precision or int(verb == 'g')}{verb}}"
    digits, exponent = _digits(value)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if verb == "e" or (verb == "g" and not _SMALLEST_PLAIN <= exponent < _LARGEST_PLAIN):
        first = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{first}e{exponent:+03d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if len(digits) <= exponent + 1:
        return sign + digits.ljust(exponent + 1, "0")
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"


def _digits(value: float) -> tuple[str, int]:
    """Return the shortest digits that identify this float, and the exponent of the first."""
    if value == 0:
        return "0", 0
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    all_digits = (whole + fraction).lstrip("0")
    first = len(whole) - 1 if whole != "0" else -1 - (len(fraction) - len(fraction.lstrip("0")))
    return all_digits.rstrip("0") or "0", first + int(exponent or 0)


def in_base(value: int, base: int) -> str:
    """Format a non-negative number in base 2, 8, 10 or 16."""
    return format(value, {2: "b", 8: "o", 10: "d", 16: "x"}[base])


def _hexadecimal(value: float, precision: int) -> str:
    """Format a float as `0x1.8p+01`; the exponent has at least two digits."""
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    fraction, exponent = math.frexp(abs(value))
    mantissa, exponent = int(fraction * (1 << _MANTISSA)), exponent - 1
    if not mantissa:
        exponent = 0
    spare = _MANTISSA - 1 - 4 * precision
    if precision >= 0 and spare > 0:
        half_to_even = (1 << (spare - 1)) - 1 + (mantissa >> spare & 1)
        mantissa = (mantissa + half_to_even) >> spare << spare
        if mantissa >> _MANTISSA:
            mantissa, exponent = mantissa >> 1, exponent + 1
    whole, rest = divmod(mantissa, 1 << (_MANTISSA - 1))
    digits = f"{rest:013x}"
    digits = digits.rstrip("0") if precision < 0 else digits[:precision].ljust(precision, "0")
    return f"{sign}0x{whole}{'.' * bool(digits)}{digits}p{exponent:+03d}"
