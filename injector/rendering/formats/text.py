"""One value of a secret as text, or the reason why it cannot be one."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from injector.base.errors import RenderError

_AS_BASE64 = "store it as base64 and use `format: raw` with `encoding: base64`"
# A lone surrogate: JSON can represent it, UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def about(key: str) -> Iterator[None]:
    """Name the key in an error that is raised inside."""
    try:
        yield
    except RenderError as error:
        raise RenderError(f"key {key!r}: {error}") from None


def text_of(value: Any) -> str:
    """Return a string as it is, and anything else as JSON prints it; null is an error."""
    if value is None:
        raise RenderError(
            "the value is null, which cannot be printed; use a template with the filter `default`"
        )
    return encodable(value) if isinstance(value, str) else json_text(value)


def scalar_of(value: Any) -> str:
    """Return the text of a value, unless it is a list or a map."""
    if isinstance(value, list | dict):
        raise RenderError("the value is a list or a map; use `format: json`, or a template")
    return text_of(value)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return the value as JSON, compact unless indented, with sorted keys."""
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(
            value,
            allow_nan=False,
            ensure_ascii=False,
            indent=indent,
            separators=separators,
            sort_keys=True,
        )
    except (TypeError, ValueError, RecursionError):
        raise RenderError(
            "the value cannot be written as JSON; store it as a string in Vault"
        ) from None
    return encodable(text)


def is_broken(text: str) -> bool:
    """Return whether it contains bytes that are not UTF-8, or half a character of JSON."""
    return _SURROGATE.search(text) is not None


def encodable(text: str) -> str:
    """Return the text if it can be encoded in UTF-8."""
    if is_broken(text):
        raise RenderError("a lone surrogate cannot be written in UTF-8; " + _AS_BASE64)
    return text


def without_nul(text: str) -> str:
    """Return the text if a C string can hold it."""
    if "\0" in text:
        raise RenderError("the value contains a NUL character, which ends a string; " + _AS_BASE64)
    return encodable(text)
