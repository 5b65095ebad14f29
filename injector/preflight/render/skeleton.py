"""Finds which text of a rendered file is the template's own, and may be shown."""

import os
import re
from collections.abc import Mapping
from typing import Any

from injector.base.errors import InjectorError
from injector.config import model, read_source
from injector.preflight.render.pieces import ALL_VALUE, Skeleton, merged
from injector.rendering.formats import render as render_format

# A tag, or a comment; `-` at its inner sides takes the whitespace before or after it away.
_STATEMENT = r"\{%.*?%\}|\{\#.*?\#\}"


def of_template(entry: model.Template | model.EnvTemplate) -> Skeleton:
    """Return the text between the tags of a template.

    If a loop repeats some of it or a condition omits some, it still matches line by line.
    """
    left, right = (re.escape(each) for each in (entry.left_delimiter, entry.right_delimiter))
    tag = re.compile(rf"({left}.*?{right}|{_STATEMENT})", re.DOTALL)
    width = len(entry.left_delimiter), len(entry.right_delimiter)
    text, *rest = tag.split(read_source(entry))
    parts: list[str | None] = [text]
    for found, literal in zip(rest[::2], rest[1::2], strict=True):
        first, last = width if not found.startswith(("{%", "{#")) else (2, 2)
        if found[first : first + 1] == "-" and parts[-1] is not None:
            parts[-1] = parts[-1].rstrip()
        trims = found[: len(found) - last].endswith("-")
        parts += (None, literal.lstrip() if trims else literal)
    return merged(parts)


def of_format(entry: model.Template, data: Mapping[str, Any]) -> Skeleton:
    """Return a format's names and punctuation, by rendering it with other values."""
    if entry.format == "raw":
        return ALL_VALUE
    word = f"mask{os.urandom(8).hex()}"  # which no format has to quote or escape
    try:
        other = render_format(
            str(entry.format),
            {key: _replaced(value, word) for key, value in data.items()},
            section=entry.section,
        ).decode()
    except InjectorError:
        return ALL_VALUE
    parts: list[str | None] = []
    # Quotes belong to the value: another one may need none, or others.
    for literal in re.split(rf"[\"']?{word}[\"']?", other):
        parts += (literal, None)
    return merged(parts[:-1])


def _replaced(value: Any, word: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(item, word) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, word) for item in value]
    return word
