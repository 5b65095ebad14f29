"""Sprig's functions for strings."""

import re
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.functions.text import (
    SPACES,
    lower,
    repeated,
    split_at,
    trim_space,
    upper,
)
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.limits import check_list, check_replaced, check_text
from injector.dialects.gotemplate.go.printing import plain
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import StringMap, Strings, bytes_of, text_of

_SHORTEST_ABBREVIATION, _SHORTEST_BOTH, _ELLIPSIS = 4, 7, "..."
_CONNECTORS = f"-_{SPACES}"


def strval(value: Any) -> str:
    return str(value) if isinstance(value, str) else plain(value)


def strings_of(value: Any) -> Strings:
    """Return the strings of a list, without nils; a single one for anything else."""
    if value is None:
        return Strings()
    items = value if isinstance(value, list) else [value]
    return Strings(strval(item) for item in items if item is not None)


def abbrev(width: int, text: str) -> str:
    return abbreviated(text, 0, width) if width >= _SHORTEST_ABBREVIATION else text


def abbrevboth(left: int, right: int, text: str) -> str:
    if right < _SHORTEST_ABBREVIATION or (left > 0 and right < _SHORTEST_BOTH):
        return text
    return abbreviated(text, left, right)


def abbreviated(text: str, offset: int, width: int) -> str:
    """Truncate a string to a width in bytes, with dots for what is omitted."""
    data = bytes_of(text)
    if len(data) <= width:
        return text
    room = width - len(_ELLIPSIS)
    offset = min(offset, len(data))
    if len(data) - offset < room:
        offset = len(data) - room
    if offset <= _SHORTEST_ABBREVIATION:
        return text_of(data[:room]) + _ELLIPSIS
    if width < _SHORTEST_BOTH:
        return ""
    if offset + room < len(data):
        return _ELLIPSIS + abbreviated(text_of(data[offset:]), 0, room)
    return _ELLIPSIS + text_of(data[len(data) - room :])


def trunc(length: int, text: str) -> str:
    """Keep the first bytes, or the last ones if the length is negative."""
    data = bytes_of(text)
    if length < 0:
        return text_of(data[length:]) if len(data) + length > 0 else text
    return text_of(data[:length])


def substr(start: int, end: int, text: str) -> str:
    data = bytes_of(text)
    begin, stop = max(start, 0), end
    if start >= 0 and (end < 0 or end > len(data)):
        stop = len(data)
    if not 0 <= begin <= stop <= len(data):
        raise GoError("slice bounds out of range")
    return text_of(data[begin:stop])


def title(text: str) -> str:
    """Capitalize every letter that does not follow a letter, digit, underscore or apostrophe."""
    out: list[str] = []
    before = " "
    for char in text:
        starts = not (before.isalnum() or before == "_") and _separates(before)
        out.append(char.title() if starts else char)
        before = char
    return "".join(out)


def _separates(char: str) -> bool:
    """Return whether Go's strings.Title sees a word boundary there."""
    return not (char.isalnum() or char == "_") if char.isascii() else char in SPACES


def untitle(text: str) -> str:
    return re.sub(r"(^|[ \t\n\v\f\r])(\S)", lambda match: match[1] + lower(match[2]), text)


def swapcase(text: str) -> str:
    return "".join(_swapped(char) for char in text)


def _swapped(char: str) -> str:
    return lower(char) if char.isupper() or char.istitle() else upper(char)


def initials(text: str) -> str:
    return "".join(word[0] for word in re.split(f"[{SPACES}]+", text) if word)


def nospace(text: str) -> str:
    return "".join(char for char in text if char not in SPACES)


def repeat(count: int, text: str) -> str:
    if count < 0:
        raise GoError("strings: negative Repeat count")
    return repeated(text, count)


def _trim_all(cutset: str, text: str) -> str:
    return text.strip(cutset) if cutset else text


def trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


def trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def wrap(width: int, text: str) -> str:
    """Break lines at spaces."""
    return _wrapped(text, width, "\n", breaks_words=False)


def wrap_with(width: int, newline: str, text: str) -> str:
    """Break lines at spaces, and within words that are longer than a line."""
    return _wrapped(text, width, newline, breaks_words=True)


def _wrapped(text: str, width: int, newline: str, *, breaks_words: bool) -> str:
    data, width = bytes_of(text), max(width, 1)
    lines: list[bytes] = []
    at = 0
    while len(data) - at > width:
        check_list(len(lines))
        if data[at : at + 1] == b" ":
            at += 1
            continue
        space = data.rfind(b" ", at, at + width + 1)
        if space < 0 and not breaks_words:
            space = data.find(b" ", at + width)
            if space < 0:
                break
        if space >= 0:
            lines.append(data[at:space])
            at = space + 1
        else:
            lines.append(data[at : at + width])
            at += width
    check_text(len(data) + len(lines) * len(newline))
    return text_of(bytes_of(newline or "\n").join([*lines, data[at:]]))


def contains(part: str, text: str) -> bool:
    return part in text


def has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


def has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


def quote(*values: Any) -> str:
    return " ".join(quoted(strval(value)) for value in values if value is not None)


def squote(*values: Any) -> str:
    return " ".join(f"'{plain(value)}'" for value in values if value is not None)


def cat(*values: Any) -> str:
    return " ".join(plain(value) for value in values if value is not None)


def indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise GoError("strings: negative Repeat count")
    pad = repeated(" ", spaces)
    check_replaced(text, "\n", f"\n{pad}")
    return pad + text.replace("\n", f"\n{pad}")


def nindent(spaces: int, text: str) -> str:
    return f"\n{indent(spaces, text)}"


def replace(old: str, new: str, text: str) -> str:
    check_replaced(text, old, new)
    return text.replace(old, new)


def plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def join(separator: str, value: Any) -> str:
    return separator.join(strings_of(value))


def split(separator: str, text: str) -> StringMap:
    return _numbered(split_at(text, separator))


def splitn(separator: str, most: int, text: str) -> StringMap:
    if most < 0:
        return split(separator, text)
    if most == 0:
        return StringMap()
    parts = text.split(separator, most - 1) if separator else _letters(text, most)
    return _numbered(parts)


def _letters(text: str, most: int) -> list[str]:
    return [*text[: most - 1], text[most - 1 :]] if len(text) > most else list(text)


def _numbered(parts: list[str]) -> StringMap:
    return StringMap((f"_{index}", part) for index, part in enumerate(parts))


def split_list(separator: str, text: str) -> Strings:
    return Strings(split_at(text, separator))


def sort_alpha(value: Any) -> Strings:
    return Strings(sorted(strings_of(value), key=bytes_of))


def camelcase(text: str) -> str:
    """Join words, each capitalized; leading and trailing connectors are kept."""
    inside = text.strip(_CONNECTORS)
    start = text.find(inside)
    words = re.split(f"[{re.escape(_CONNECTORS)}]+", inside)
    raised = "".join(word[:1].upper() + word[1:] for word in words)
    return text[:start] + raised + text[start + len(inside) :]


def snakecase(text: str) -> str:
    return _connected(text, "_")


def kebabcase(text: str) -> str:
    return _connected(text, "-")


def _connected(text: str, connector: str) -> str:
    """Split a name where a word begins: before a capital, after capitals, before digits."""
    parted = re.sub(f"[{re.escape(_CONNECTORS)}]", connector, text)
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", rf"\1{connector}\2", parted)
    parted = re.sub(r"([a-z])([A-Z])", rf"\1{connector}\2", parted)
    parted = re.sub(r"([0-9][a-z]*)([A-Z])", rf"\1{connector}\2", parted)
    parted = re.sub(r"([A-Za-z])([0-9]+[a-z])", rf"\1{connector}\2", parted)
    return parted.lower()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abbrev": abbrev,
    "abbrevboth": abbrevboth,
    "camelcase": camelcase,
    "cat": cat,
    "contains": contains,
    "hasPrefix": has_prefix,
    "hasSuffix": has_suffix,
    "indent": indent,
    "initials": initials,
    "join": join,
    "kebabcase": kebabcase,
    "lower": lower,
    "nindent": nindent,
    "nospace": nospace,
    "plural": plural,
    "quote": quote,
    "repeat": repeat,
    "replace": replace,
    "snakecase": snakecase,
    "sortAlpha": sort_alpha,
    "split": split,
    "splitList": split_list,
    "splitn": splitn,
    "squote": squote,
    "substr": substr,
    "swapcase": swapcase,
    "title": title,
    "toString": strval,
    "toStrings": strings_of,
    "trim": trim_space,
    "trimAll": _trim_all,
    "trimPrefix": trim_prefix,
    "trimSuffix": trim_suffix,
    "trimall": _trim_all,
    "trunc": trunc,
    "untitle": untitle,
    "upper": upper,
    "wrap": wrap,
    "wrapWith": wrap_with,
}
FUNCTIONS = {f"sprig_{name}": function for name, function in _FUNCTIONS.items()}
