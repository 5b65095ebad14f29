"""Functions for strings: conversion, splitting, joining, and printing for debugging."""

import unicodedata
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.limits import check_list, check_replaced, check_text
from injector.dialects.gotemplate.go.values import StringMap, Strings

_JOINS = frozenset("'\u2019.:·")  # do not end a word between letters
# What unicode.IsSpace considers a space; Python's str.strip has four more.
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def upper(text: str) -> str:
    """Go maps character by character: ß stays as it is."""
    if text.isascii():
        return text.upper()
    return "".join(up if len(up := char.upper()) == 1 else char for char in text)


def lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def repeated(text: str, times: int) -> str:
    """Repeat a string, unless the result would be too long."""
    check_text(len(text) * times)
    return text * times


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise GoError("indent value must be a positive integer")
    prefix = repeated(" ", spaces * (text.count("\n") + 1))[:spaces]
    return "\n".join(prefix + line if line else line for line in text.split("\n"))


def _join(separator: str, items: Strings) -> str:
    return separator.join(items)


def _trim(cutset: str, text: str) -> str:
    return text.strip(cutset) if cutset else text


def _trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def _trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


def trim_space(text: str) -> str:
    return text.strip(SPACES)


def _replace_all(old: str, new: str, text: str) -> str:
    check_replaced(text, old, new)
    return text.replace(old, new)


def split_at(text: str, separator: str) -> list[str]:
    """Split like strings.Split: an empty separator splits into characters."""
    check_list(text.count(separator) + 1 if separator else len(text))
    return text.split(separator) if separator else list(text)


def _split(separator: str, text: str) -> Strings:
    text = trim_space(text)
    return Strings(split_at(text, separator) if text else ())


def _split_to_map(between: str, within: str, text: str) -> StringMap:
    text = trim_space(text)
    parts = (part.partition(within) for part in split_at(text, between) if text)
    return StringMap((key, value) for key, found, value in parts if found)


def title(text: str) -> str:
    """Capitalize the first letter of every word, and leave the rest."""
    out: list[str] = []
    inside = raised = False
    for char in text:
        is_word = char.isalnum() or char == "_" or unicodedata.category(char) == "Mn"
        if not is_word:
            inside = inside and char in _JOINS
            raised = raised and inside
        raises = is_word and not raised and char.isalpha()
        out.append(char.title() if raises else char)
        raised, inside = raised or raises, inside or is_word
    return "".join(out)


def _shows_nothing(*_values: Any) -> str:
    """Print nothing, where the agents print to their output: secrets do not belong there."""
    return ""


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "indent": _indent,
    "join": _join,
    "replaceAll": _replace_all,
    "spew_dump": _shows_nothing,
    "spew_printf": _shows_nothing,
    "split": _split,
    "splitToMap": _split_to_map,
    "toLower": lower,
    "toTitle": title,
    "toUpper": upper,
    "trim": _trim,
    "trimPrefix": _trim_prefix,
    "trimSpace": trim_space,
    "trimSuffix": _trim_suffix,
}
