"""The filters this program adds to MiniJinja's own. Pure functions whose errors quote no value."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats import dotenv_value, shell_value
from injector.rendering.formats.documents import yaml_document
from injector.rendering.formats.text import json_text
from injector.rendering.template.budget import ITEM, spend
from injector.rendering.template.printing import NoValueError, text_of
from injector.rendering.template.values import Marker, Nothing, plain


def b64encode(value: Any) -> str:
    return base64.b64encode(text_of(value).encode()).decode()


def b64decode(value: Any) -> str:
    """Decode base64 to text; whitespace in it, as in a wrapped PEM, is ignored."""
    try:
        return base64.b64decode("".join(text_of(value).split()), validate=True).decode()
    except UnicodeDecodeError:
        raise RenderError(
            "the value is binary; use `format: raw` with `encoding: base64`"
        ) from None
    except (binascii.Error, ValueError):
        raise RenderError(
            "the value is not base64; correct it in Vault, or leave the filter out"
        ) from None


def sha256(value: Any) -> str:
    import hashlib  # loads OpenSSL; only if used

    return hashlib.sha256(text_of(value).encode()).hexdigest()


def tojson(value: Any, indent: int | None = None) -> str:
    """Write JSON without HTML escapes and with sorted keys, so that the output is deterministic."""
    data = _present(value)
    if indent is not None:
        spend(_spaces(data, indent))
    return json_text(data, indent=indent)


def toyaml(value: Any) -> str:
    """Write YAML that can be indented; anything but a map is written as a value in one."""
    data = _present(value)
    if isinstance(data, dict) and data:
        return yaml_document(data).rstrip("\n")
    return yaml_document({"value": data}).removeprefix("value:").strip()


def join(value: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    items = value if attribute is None else (item[attribute] for item in value)
    texts = []
    for item in items:
        texts.append(text_of(item))
        spend(len(texts[-1]) + len(separator) + ITEM)
    return separator.join(texts)


def indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 - Jinja's signature
    """Indent all lines but the first, and not the blank ones, unless told to."""
    text = text_of(value)
    size = len(width) if isinstance(width, str) else width
    spend(len(text) + (text.count("\n") + 1) * max(size, 1))
    space = width if isinstance(width, str) else " " * width
    head, *rest = text.split("\n")
    lines = [space + head if first else head]
    lines += [space + line if line or blank else line for line in rest]
    return "\n".join(lines)


def dotenv(value: Any) -> str:
    return dotenv_value(text_of(value))


def shell(value: Any) -> str:
    return shell_value(text_of(value))


def _present(value: Any) -> Any:
    """Return the data, which must be defined: undefined inside a list arrives here as None."""
    if _has_gap(value):
        raise NoValueError("there is no value")
    return plain(value)


def _spaces(data: Any, indent: int, depth: int = 1) -> int:
    """Return how many spaces JSON is indented by: as many to each item as it is deep."""
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return sum(depth * indent + _spaces(item, indent, depth + 1) for item in items) + indent


def _has_gap(value: Any) -> bool:
    """Return whether a value built in the template has an undefined part."""
    spend(ITEM)
    if isinstance(value, dict):
        return any(_has_gap(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_gap(item) for item in value)
    return value is None or isinstance(value, Nothing)


def _named(name: str, work: Callable[..., str], *, strict: bool) -> Callable[..., Any]:
    """Wrap a filter: add its name to errors, pass markers through, handle missing values."""

    def filtered(value: Any, *args: Any, **options: Any) -> Any:
        for given in (value, *args, *options.values()):
            if isinstance(given, Marker):
                return given
        if value is None and not strict:
            return ""
        try:
            if value is None:
                raise NoValueError("there is no value")
            if isinstance(value, str):
                spend(len(value))
            return work(value, *args, **options)
        except RenderError as error:
            raise type(error)(f"`{name}`: {error}") from None
        except (TypeError, ValueError, LookupError):
            message = f"`{name}`: the value, or an argument, has the wrong type"
            raise RenderError(message) from None

    return filtered


_FILTERS = (b64decode, b64encode, dotenv, indent, join, sha256, shell, text_of, tojson, toyaml)
# MiniJinja's own `string` would write a map as Python does.
_NAMES = {text_of: "string"}


def filters(*, strict: bool) -> dict[str, Callable[..., Any]]:
    """Return the filters by name; without `strict`, they treat missing values as empty."""
    names = {_NAMES.get(work, work.__name__): work for work in _FILTERS}
    return {name: _named(name, work, strict=strict) for name, work in names.items()}
