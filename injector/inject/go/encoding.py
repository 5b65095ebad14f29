"""Writes JSON to the byte as Go's encoding/json does: VAULT_CONFIG is compared by its text."""

import json
from typing import Any

# Go writes an exponent below the first and from the second on, and cuts no digits in between.
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-6, 1e21
_ESCAPED = {
    "&": "\\u0026",
    "<": "\\u003c",
    ">": "\\u003e",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_ESCAPES = str.maketrans(_ESCAPED)


def dumps(value: Any) -> str:
    """Return compact JSON with the keys in the order that they have."""
    return "".join(_pieces(value)).translate(_ESCAPES)


def _pieces(value: Any) -> list[str]:
    if isinstance(value, dict):
        pieces = ["{"]
        for index, (key, item) in enumerate(value.items()):
            pieces += ["," if index else "", _text(key), ":", *_pieces(item)]
        return [*pieces, "}"]
    if isinstance(value, list):
        pieces = ["["]
        for index, item in enumerate(value):
            pieces += ["," if index else "", *_pieces(item)]
        return [*pieces, "]"]
    if isinstance(value, float):
        return [number(value)]
    return [_text(value)]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """Return the shortest text of a number, with an exponent where Go has one."""
    mantissa, _, exponent = f"{value:e}".partition("e")
    if value and not SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN:
        digits = _digits(value)
        sign, power = "-" if value < 0 else "", int(exponent)
        mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
        return f"{sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power)}"
    if value == int(value):
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    zeros = "0" * (-int(exponent) - 1)  # Python's exponent begins at 1e-5
    return f"{'-' if value < 0 else ''}0.{zeros}{_digits(value)}"


def _digits(value: float) -> str:
    """Return the significant digits of the shortest text."""
    return repr(abs(value)).partition("e")[0].replace(".", "").strip("0") or "0"
