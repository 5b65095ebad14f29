"""Reads texts as vault-k8s does, with its messages: Go's strconv and time.ParseDuration.

Every function raises ValueError with the message that the real webhook gives.
"""

import json
import math
import re
from fractions import Fraction

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
INT64 = (-(2**63), 2**63 - 1)
UINT64 = (0, 2**64 - 1)
# Nanoseconds.
UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # U+00B5, the micro sign
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+")
_NUMBER = re.compile(r"[0-9]*(?:\.[0-9]*)?")
_UNIT = re.compile(r"[^0-9.]*")


def quoted(text: str) -> str:
    """Return a text in double quotes, as Go's %q shows it."""
    return json.dumps(text, ensure_ascii=False)


def boolean(text: str) -> bool:
    """Read parseutil.ParseBool's spellings; an empty text is false."""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(
        f"cannot parse '' as bool: strconv.ParseBool: parsing {quoted(text)}: invalid syntax"
    )


def integer(text: str) -> int:
    """Read parseutil.ParseInt's spellings: base 10 with an optional sign; an empty text is 0."""
    return 0 if text == "" else _whole(text, "ParseInt", r"[+-]?[0-9]+", INT64)


def unsigned(text: str) -> int:
    """Read strconv.ParseUint's spellings: base 10, no sign, not empty."""
    return _whole(text, "ParseUint", r"[0-9]+", UINT64)


def _whole(text: str, function: str, pattern: str, bounds: tuple[int, int]) -> int:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"strconv.{function}: parsing {quoted(text)}: invalid syntax")
    lowest, highest = bounds
    # A number of more digits than Python converts is out of range as well.
    if len(text) > len(str(UINT64[1])) + 1 and int(text.lstrip("+-0")[:40] or "0") > highest:
        raise ValueError(f"strconv.{function}: parsing {quoted(text)}: value out of range")
    value = int(text)
    if not lowest <= value <= highest:
        raise ValueError(f"strconv.{function}: parsing {quoted(text)}: value out of range")
    return value


def real(text: str) -> float:
    """Read strconv.ParseFloat's spellings: hexadecimal with an exponent too, `inf` and `nan`."""
    try:
        if _HEXADECIMAL.fullmatch(text):
            return float.fromhex(text)
        if not text.isascii() or re.search(r"\s|_", text):
            raise ValueError  # Python would read it
        return float(text)
    except ValueError:
        raise ValueError(f"strconv.ParseFloat: parsing {quoted(text)}: invalid syntax") from None


def finite(number: float) -> float:
    """Return a number that JSON can say."""
    if math.isfinite(number):
        return number
    name = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    raise ValueError(f"json: unsupported value: {name}")


def check_duration(text: str) -> None:
    """Check what time.ParseDuration takes: 0, or signed decimal numbers, each with its unit."""
    invalid = f"time: invalid duration {quoted(text)}"
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return
    if not rest:
        raise ValueError(invalid)
    nanoseconds = Fraction(0)
    while rest:
        number, rest = _split(_NUMBER, rest)
        if not number.strip("."):
            raise ValueError(invalid)
        unit, rest = _split(_UNIT, rest)
        if not unit:
            raise ValueError(f"time: missing unit in duration {quoted(text)}")
        if unit not in UNITS:
            raise ValueError(f"time: unknown unit {quoted(unit)} in duration {quoted(text)}")
        nanoseconds += Fraction(f"0{number.rstrip('.')}") * UNITS[unit]
        if nanoseconds > (-INT64[0] if text.startswith("-") else INT64[1]):
            raise ValueError(invalid)


def _split(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    end = 0 if found is None else found.end()
    return text[:end], text[end:]
