"""Formats one value with one verb of Printf."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from injector.dialects.gotemplate.go.numbers import float_text, in_base
from injector.dialects.gotemplate.go.quoting import can_backquote, is_printable, quoted
from injector.dialects.gotemplate.go.values import (
    MISSING,
    NIL_POINTER,
    Byte,
    Number,
    Struct,
    Uint64,
    bytes_of,
    key_order,
    type_of,
)

_BASES = {"d": 10, "v": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_LARGEST_RUNE, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)
_REPLACEMENT = "\ufffd"


@dataclass(slots=True)
class Directive:
    """The flags and numbers of one `%…`."""

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    as_go: bool = False  # %#v
    with_names: bool = False  # %+v
    width: int | None = None
    precision: int | None = None

    def padded(self, text: str, *, zeros: bool = True) -> str:
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            return text
        if self.minus:
            return text + " " * missing
        return ("0" if zeros and self.zero else " ") * missing + text

    def sign(self, *, negative: bool) -> str:
        return "-" if negative else "+" if self.plus else " " if self.space else ""


def formatted(value: Any, verb: str, how: Directive) -> str:
    """Format a value."""
    if verb == "T":
        return how.padded(type_of(value))
    if value is None or value is MISSING or value is NIL_POINTER:
        return how.padded("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
    text: str | None = None
    if isinstance(value, bool):
        text = how.padded("true" if value else "false") if verb in "tv" else None
    elif isinstance(value, int):
        text = _integer(value, verb, how)
    elif isinstance(value, float):
        text = _float(value, verb, how)
    elif isinstance(value, str):
        text = _string(value, verb, how)
    elif isinstance(value, Mapping | list | Struct):
        return _composite(value, verb, how)
    return _misfit(value, verb, how) if text is None else text


def _misfit(value: Any, verb: str, how: Directive) -> str:
    as_it_is = f"({type_of(value)})"
    if isinstance(value, str | int | float):
        as_it_is = formatted(str(value) if isinstance(value, Number) else value, "v", how)
    return f"%!{verb}({type_of(value)}={as_it_is})"


# -- composite values


def _composite(value: Any, verb: str, how: Directive) -> str:
    if isinstance(value, Struct) and "String" in value.methods and verb in "vsxXq":
        return str(_string(str(value.methods["String"]()), verb, how))
    if how.as_go:
        return _composite_as_go(value, verb, how)
    if isinstance(value, Mapping):
        pairs = (
            f"{_part(key, verb, how)}:{_part(value[key], verb, how)}" for key in key_order(value)
        )
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, Struct):
        pointer = "&" if value.type_name.startswith("*") else ""
        parts = (
            f"{name}:" * how.with_names + _part(part, verb, how)
            for name, part in value.fields.items()
        )
        return f"{pointer}{{{' '.join(parts)}}}"
    return f"[{' '.join(_part(item, verb, how) for item in value)}]"


def _part(value: Any, verb: str, how: Directive) -> str:
    return "<nil>" if value is None or value is NIL_POINTER else formatted(value, verb, how)


def _composite_as_go(value: Any, verb: str, how: Directive) -> str:
    def part(item: Any) -> str:
        return "interface {}(nil)" if item is None else formatted(item, verb, how)

    parts: Iterable[str] = ()
    if isinstance(value, Mapping):
        parts = (f"{part(key)}:{part(value[key])}" for key in key_order(value))
    elif isinstance(value, Struct):
        parts = (f"{name}:{part(item)}" for name, item in value.fields.items())
    else:
        parts = map(part, value)
    name = type_of(value)
    pointer = "&" if name.startswith("*") else ""
    return f"{pointer}{name.removeprefix('*')}{{{', '.join(parts)}}}"


# -- strings


def _string(value: str, verb: str, how: Directive) -> str | None:
    if verb in "xX":
        return _hexadecimal(value, verb, how)
    if verb not in "svq":
        return None
    text = value if how.precision is None else value[: how.precision]
    if verb == "q":
        if how.sharp and can_backquote(text):
            return how.padded(f"`{text}`")
        return how.padded(quoted(text, ascii_only=how.plus))
    return how.padded(quoted(text) if how.as_go else str(text))


def _hexadecimal(value: str, verb: str, how: Directive) -> str:
    data = bytes_of(value)[: how.precision]
    mark = "0x" if how.sharp and data else ""
    spaced = " ".join(f"{mark}{byte:02x}" for byte in data)
    text = spaced if how.space else mark + data.hex()
    return how.padded(text.upper() if verb == "X" else text)


# -- numbers


def _integer(value: int, verb: str, how: Directive) -> str | None:
    if verb in "cqU":
        return _rune(value, verb, how)
    if verb not in _BASES:
        return None
    if how.as_go and isinstance(value, Uint64 | Byte):
        return _integer(int(value), "x", replace(how, sharp=True, as_go=False))
    base = _BASES[verb]
    sign = how.sign(negative=value < 0)
    digits = in_base(abs(value), base)
    if how.precision is not None:
        if how.precision == 0 and value == 0:
            return " " * (how.width or 0)
        digits = digits.rjust(how.precision, "0")
    elif how.zero and not how.minus and how.width:
        digits = digits.rjust(how.width - len(sign), "0")
    prefix = ""
    if how.sharp:
        prefix = {2: "0b", 8: "" if digits.startswith("0") else "0", 16: "0x"}.get(base, "")
    if verb == "O":
        prefix = "0o" + prefix
    text = prefix + digits
    return how.padded(sign + (text.upper() if verb == "X" else text), zeros=False)


def _rune(value: int, verb: str, how: Directive) -> str:
    is_rune = 0 <= value <= _LARGEST_RUNE and value not in _SURROGATES
    char = chr(value) if is_rune else _REPLACEMENT
    if verb == "c":
        return how.padded(char)
    if verb == "q":
        return how.padded(quoted(char, "'", ascii_only=how.plus))
    # Go treats the number as unsigned, with 64 bits.
    digits = f"{value & 0xFFFFFFFFFFFFFFFF:X}".rjust(max(how.precision or 0, 4), "0")
    picture = f" '{char}'" if how.sharp and is_rune and is_printable(char) else ""
    return how.padded(f"U+{digits}{picture}", zeros=False)


def _float(value: float, verb: str, how: Directive) -> str | None:
    if verb not in "vbeEfFgGxX":
        return None
    precision = how.precision
    if precision is None:
        precision = 6 if verb in "eEfF" else -1
    text = float_text(value, {"v": "g", "F": "f"}.get(verb, verb), precision)
    sign = how.sign(negative=text.startswith("-"))
    digits = text.lstrip("+-")
    if not digits[:1].isdigit():  # infinity or NaN
        sign = sign or text[: -len(digits)]
        return how.padded(sign + digits, zeros=False)
    if how.sharp and verb != "b":
        digits = _with_point(digits, verb, how.precision)
    if how.zero and not how.minus and how.width:
        digits = digits.rjust(how.width - len(sign), "0")
    return how.padded(sign + digits, zeros=False)


def _with_point(digits: str, verb: str, precision: int | None) -> str:
    """Keep the decimal point, and the zeros of `%g`, as `#` demands."""
    marks = "pP" if verb in "xX" else "eE"
    at = next((index for index, char in enumerate(digits) if char in marks), len(digits))
    mantissa, exponent = digits[:at], digits[at:]
    wanted = (6 if precision is None else precision) if verb in "vgGx" else 0
    significant = mantissa.replace(".", "").lstrip("0")  # Go counts the x
    wanted -= len(significant)
    if "." not in mantissa:
        wanted -= mantissa == "0"
        mantissa += "."
    return mantissa + "0" * max(wanted, 0) + exponent
