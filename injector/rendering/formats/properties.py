"""Writes a value for java.util.Properties, in ASCII: its InputStream reader expects Latin-1."""

import re
from typing import Any

from injector.rendering.formats.text import encodable, text_of

_SPECIAL = re.compile(r"[^ -~]|\\")
_SPECIAL_IN_KEY = re.compile(r"[^!-~]|[\\=:#!]")
_SHORT = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}


def line(key: str, value: Any) -> str:
    """Return one property; only leading spaces of a value need escaping."""
    text = _SPECIAL.sub(_escape, text_of(value))
    if text.startswith(" "):
        text = "\\" + text
    return f"{_SPECIAL_IN_KEY.sub(_escape, encodable(key))}={text}\n"


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    if " " <= char <= "~":
        return "\\" + char
    units = char.encode("utf-16-be").hex(" ", 2).split()
    return "".join(rf"\u{unit}" for unit in units)
