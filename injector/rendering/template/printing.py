"""The text of a value: what a template prints, and what a filter that takes text gets."""

from collections.abc import Mapping
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.text import json_text
from injector.rendering.template.budget import spend
from injector.rendering.template.values import A_LIST, A_MAP, Items, Marker, Nothing


class NoValueError(RenderError):
    """A value is missing where text is needed; the reading knows which key was looked up last."""


def printed(value: Any) -> str:
    """Return what `{{ value }}` writes. The engine calls this for everything it prints."""
    if isinstance(value, Marker):
        return ""
    text = value if isinstance(value, str) else text_of(value)
    spend(len(text))
    return text


def printed_leniently(value: Any) -> str:
    return "" if value is None else printed(value)


def text_of(value: Any) -> str:
    """Return a string as it is, and a number or boolean as in JSON; raises for anything else."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return json_text(value)
        case None:
            raise NoValueError("there is no value")
        case Marker():
            return str(value)
        case Nothing():
            raise RenderError(value._why)  # noqa: SLF001 - hidden from templates, not from here
        case Mapping():
            raise RenderError(A_MAP)
        case list() | tuple() | Items():
            raise RenderError(A_LIST)
        case bytes():
            raise RenderError("bytes cannot be printed; use `format: raw` for a binary value")
        case _ if callable(value):
            raise RenderError("a function cannot be printed; call it")
        case _:
            raise RenderError(
                "this kind of value cannot be printed; use `join`, or a filter that makes text of "
                "it"
            )
