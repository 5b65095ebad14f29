"""Kubernetes quantities: what resource.ParseQuantity takes, and the text it makes of that."""

import re
from fractions import Fraction

# Powers of ten and of 1024, by suffix.
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
LARGEST_BINARY = 2**63 - 1
# Up to this many digits Go keeps a text that it takes for canonical, in either form.
FAST_DECIMAL_DIGITS, FAST_BINARY_DIGITS = 18, 14
KIBI, KILO, NANO = 1024, 1000, 10**9

_FORM = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_EXPONENT = re.compile(r"[eE][+-]?[0-9]{1,4}")
_SUFFIX_OF = {power: suffix for suffix, power in DECIMAL.items()}


def canonical(text: str) -> str:
    """Return a quantity as Kubernetes writes it; raises ValueError with Go's message.

    `0.5` is `500m`, `1024Mi` is `1Gi`. Less than a billionth is rounded up to one.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    sign, whole, fraction, suffix = (group or "" for group in found.groups())
    if suffix not in BINARY and suffix not in DECIMAL and not _EXPONENT.fullmatch(suffix):
        raise ValueError("unable to parse quantity's suffix")
    if text == "0" or _is_kept(whole, fraction, suffix):
        return text
    value = Fraction(int(whole + fraction or "0"), 10 ** len(fraction)) * _unit(suffix)
    value = Fraction(-(-value.numerator * NANO // value.denominator), NANO)  # rounded up
    if suffix in BINARY:
        value = min(value, Fraction(LARGEST_BINARY))
    if not value:
        return "0"
    return ("-" if sign == "-" else "") + _written(value, suffix)


def _unit(suffix: str) -> Fraction:
    if suffix in BINARY:
        return Fraction(KIBI ** BINARY[suffix])
    return Fraction(10) ** _power(suffix)


def _power(suffix: str) -> int:
    return DECIMAL[suffix] if suffix in DECIMAL else int(suffix[1:])


def _is_kept(whole: str, fraction: str, suffix: str) -> bool:
    """Return whether Go takes the text for canonical, and keeps it: `+1Gi`, `010`, `1E3`."""
    digits = (whole.lstrip("0") or "0") + fraction
    if suffix in BINARY:
        if fraction or FAST_BINARY_DIGITS - len(digits) - 3 * BINARY[suffix] < 0:
            return False
        return bool(int(digits) & 7)
    power = _power(suffix) - len(fraction)
    return (
        len(digits) <= FAST_DECIMAL_DIGITS
        and power >= DECIMAL["n"]
        and power % 3 == 0
        and not digits.endswith("000")
        and digits[0] != "0"
    )


def _written(value: Fraction, suffix: str) -> str:
    if suffix in BINARY and value >= KIBI and value.denominator == 1:
        number, power = _without(int(value), KIBI, len(BINARY))
        return f"{number}{['', *BINARY][power]}"
    number, thousands = _without(int(value * NANO), KILO, None)
    power = DECIMAL["n"] + 3 * thousands
    if suffix in BINARY or suffix in DECIMAL:
        return f"{number}{_SUFFIX_OF.get(power, '')}"  # beyond E it is lost, in Go as well
    return f"{number}e{power}" if power else str(number)


def _without(number: int, factor: int, most: int | None) -> tuple[int, int]:
    """Divide by `factor` as often as that leaves a whole number; return that, and how often."""
    times = 0
    while number % factor == 0 and times != most:
        number, times = number // factor, times + 1
    return number, times
