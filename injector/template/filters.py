"""The filters this program adds to MiniJinja's own. Pure functions; errors never quote a value."""

import base64
import binascii
import hashlib
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from injector.errors import RenderError
from injector.template.values import Marker, printed


class FilterError(Exception):
    """A filter cannot do its work; says why, without the value."""


def _text(value: Any) -> str:
    return str(printed(value))


def b64encode(value: Any) -> str:
    return base64.b64encode(_text(value).encode()).decode()


def b64decode(value: Any) -> str:
    text = _text(value)
    try:
        return base64.b64decode(text, validate=True).decode()
    except binascii.Error:
        raise FilterError("the value is not base64") from None
    except UnicodeDecodeError:
        raise FilterError(
            "the value is binary: use `format: raw` with `encoding: base64`"
        ) from None


def sha256(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()


def tojson(value: Any, indent: int | None = None) -> str:
    """Plain JSON: no HTML escapes; keys in the order of the secret."""
    plain = _plain(value)
    if plain is None:
        raise FilterError("there is no value: give it a `default(…)`")
    separators = None if indent else (",", ":")
    return json.dumps(plain, ensure_ascii=False, indent=indent, separators=separators)


def toyaml(value: Any) -> str:
    import yaml  # only those who use it pay for it

    plain = _plain(value)
    if plain is None:
        raise FilterError("there is no value: give it a `default(…)`")
    text: str = yaml.dump(
        plain,
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
    )
    return text.removesuffix("...\n")


def join(value: Any, separator: str = "", attribute: str | None = None) -> str:
    """Like MiniJinja's own, which prints Python text for what has none."""
    items: Iterable[Any] = value
    if attribute is not None:
        items = (item[attribute] for item in items)
    return separator.join(_text(item) for item in items)


def indent(value: Any, width: int = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 - Jinja's signature
    """Indent lines after the first by `width` spaces, as Jinja does."""
    text = _text(value)
    prefix = " " * width
    lines = textwrap.indent(text, prefix, lambda line: blank or bool(line.strip()))
    return lines if first else lines.removeprefix(prefix)


def dotenv(value: Any) -> str:
    from injector.formats import dotenv_value

    return _quoted(dotenv_value, value)


def shell(value: Any) -> str:
    from injector.formats import shell_value

    return _quoted(shell_value, value)


def _quoted(quote: Callable[[str], str], value: Any) -> str:
    try:
        return quote(_text(value))
    except RenderError as exc:
        raise FilterError(str(exc)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Marker):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


FILTERS: dict[str, Callable[..., Any]] = {
    name: globals()[name]
    for name in (
        "b64decode",
        "b64encode",
        "dotenv",
        "indent",
        "join",
        "sha256",
        "shell",
        "tojson",
        "toyaml",
    )
}
