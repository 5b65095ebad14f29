"""How Go prints values: fmt's `%v`, Print and Println."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from injector.dialects.gotemplate.go.numbers import shortest
from injector.dialects.gotemplate.go.values import MISSING, NIL_POINTER, Struct, key_order, kind_of

NO_VALUE = "<no value>"


def printed(value: Any) -> str:
    """Return what an action prints."""
    if type(value) is str:
        return value
    if value is None or value is MISSING:
        return NO_VALUE
    return plain(value)


def plain(value: Any) -> str:
    """Return what `%v` prints."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING or value is NIL_POINTER:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return shortest(value)
    return composite(value, plain)


def composite(value: Any, item: Callable[[Any], str]) -> str:
    """Format a map, list or struct like `%v`, with `item` for each part."""
    if isinstance(value, Mapping):
        pairs = (f"{item(key)}:{item(value[key])}" for key in key_order(value))
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, list):
        return f"[{' '.join(map(item, value))}]"
    if isinstance(value, Struct):
        if "String" in value.methods:
            return str(value.methods["String"]())
        return f"{{{' '.join(map(item, value.fields.values()))}}}"
    return f"({kind_of(value)})"  # a channel's address is meaningless


def print_text(values: Iterable[Any]) -> str:
    """Format like Print: with a space between two values if neither is a string."""
    text = ""
    was_string = True
    for value in values:
        is_string = isinstance(value, str)
        if not (is_string or was_string):
            text += " "
        text += plain(value)
        was_string = is_string
    return text


def println_text(values: Iterable[Any]) -> str:
    return " ".join(map(plain, values)) + "\n"
