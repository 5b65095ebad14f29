"""Go's quoted strings, like strconv.Quote and strconv.Unquote."""

import re
import unicodedata

_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\",
}  # fmt: skip
_UNESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
}  # fmt: skip
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
_NUMERIC = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}
_LARGEST_RUNE, _LARGEST_BYTE = 0x10FFFF, 0xFF
_SURROGATES = range(0xD800, 0xE000)
# Code points for bytes that are not UTF-8 (`surrogateescape`).
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def quoted(text: str, quote: str = '"', *, ascii_only: bool = False) -> str:
    """Return a string as a Go literal."""
    if quote == '"' and _SIMPLE.fullmatch(text):
        return f'"{text}"'
    return quote + "".join(_escaped(char, quote, ascii_only) for char in text) + quote


def can_backquote(text: str) -> bool:
    """Return whether the string can be a raw literal."""
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or ord(char) in _SURROGATES
        for char in text
    )


def is_printable(char: str) -> bool:
    """Return what Go's unicode.IsPrint does: letters, marks, numbers, symbols and the space."""
    return char == " " or unicodedata.category(char)[0] in "LMNPS"


def unquoted(literal: str) -> str:
    """Return the value of a Go string or character literal; raises ValueError."""
    quote, body = literal[0], literal[1:-1]
    if quote == "`":
        return body.replace("\r", "")
    body = _NOT_UTF8.sub("\ufffd", body)
    if "\\" not in body:
        return body
    return "".join(_unescaped(body, quote))


def code_of(char: str) -> int:
    """Return the number of a character, or of a byte that is not UTF-8."""
    code = ord(char)
    return code & _LARGEST_BYTE if code in _ESCAPED_BYTES else code


def _escaped(char: str, quote: str, ascii_only: bool) -> str:  # noqa: FBT001 - innermost loop
    if char == quote:
        return "\\" + char
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if code in _ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if " " <= char <= "~" or (not ascii_only and is_printable(char)):
        return char
    if code < ord(" ") or code == 0x7F:  # noqa: PLR2004 - delete
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the basic plane


def _unescaped(body: str, quote: str) -> list[str]:
    """Decode escapes; hexadecimal and octal ones are bytes that may form UTF-8 together."""
    out: list[str] = []
    raw = bytearray()
    position = 0
    while position < len(body):
        char, byte, position = _one(body, position, quote)
        if byte is not None:
            raw.append(byte)
            continue
        if raw:
            out.append(raw.decode("utf-8", "surrogateescape"))
            raw.clear()
        out.append(char)
    if raw:
        out.append(raw.decode("utf-8", "surrogateescape"))
    return out


def _one(  # noqa: C901 - one line for each kind of escape
    body: str, position: int, quote: str
) -> tuple[str, int | None, int]:
    """Return one character or byte, and the position of the next."""
    if body[position] != "\\":
        return body[position], None, position + 1
    kind = body[position + 1 : position + 2]
    if kind in _UNESCAPES:
        return _UNESCAPES[kind], None, position + 2
    if kind and kind in "\"'":
        if kind != quote:
            raise ValueError("invalid syntax")
        return kind, None, position + 2
    if kind in _NUMERIC and kind:
        width, base = _NUMERIC[kind]
        start = position + 2
    elif kind and kind in "01234567":
        width, base, start = 3, 8, position + 1
    else:
        raise ValueError("invalid syntax")
    digits = body[start : start + width]
    if len(digits) < width or not re.fullmatch(r"[0-9a-fA-F]+" if base == 16 else "[0-7]+", digits):  # noqa: PLR2004 - hexadecimal
        raise ValueError("invalid syntax")
    code, end = int(digits, base), start + width
    if kind in "uU":
        if code > _LARGEST_RUNE or code in _SURROGATES:
            raise ValueError("invalid syntax")
        return chr(code), None, end
    if code > _LARGEST_BYTE:
        raise ValueError("invalid syntax")
    return "", code, end
