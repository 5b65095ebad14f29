"""Writes a secret as one section for configparser, without interpolation."""

import re
from collections.abc import Mapping
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.text import about, encodable, text_of

# Everything that some reader takes as the end of a line, and other control characters.
_NOT_IN_A_LINE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_A_KEY = re.compile(r"[=:]|^[\[#;]")
_REMEDY = "use `format: json` or `format: yaml`"


def document(data: Mapping[str, Any], section: str) -> str:
    """Return the section with a line for every key."""
    _check_section(section)
    lines = [f"[{section}]\n"]
    seen: dict[str, str] = {}
    for key in sorted(data):
        with about(key):
            other = seen.setdefault(key.lower(), key)
            if other != key:
                raise RenderError(
                    f"INI keys are case-insensitive, and {other!r} exists; " + _REMEDY
                )
            lines.append(f"{_name(key)} = {_one_line(text_of(data[key]))}\n")
    return "".join(lines)


def _check_section(section: str) -> None:
    if not section:
        raise RenderError("needs the name of a section; set `section:`")
    if "]" in section or section != section.strip() or _NOT_IN_A_LINE.search(section):
        raise RenderError("`section:` has no `]`, line break or outer space; choose another name")
    encodable(section)


def _name(key: str) -> str:
    if not key or key != key.strip() or _NOT_A_KEY.search(key) or _NOT_IN_A_LINE.search(key):
        raise RenderError("not the name of an INI option; " + _REMEDY)
    return encodable(key)


def _one_line(text: str) -> str:
    if text != text.strip():
        raise RenderError(
            "the value begins or ends with a space, which INI readers drop; " + _REMEDY
        )
    if _NOT_IN_A_LINE.search(text):
        raise RenderError("the value contains a line break or control character; " + _REMEDY)
    return text
