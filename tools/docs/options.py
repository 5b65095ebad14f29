"""The tables of docs/configuration.md and docs/dev.md: every option of the model."""

import re
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT

from injector.config import model
from injector.config.introspect import (
    annotation,
    blocks,
    duration_words,
    is_block,
    is_union,
    written,
)

_TABLE = re.compile(r"<!-- options: (.+?) -->\n.*?<!-- end -->", re.DOTALL)

_WRITTEN = {
    "duration": "duration",
    "perms": "octal, quoted",
    "path": "path",
    "absolute path": "absolute path",
    "signal": "signal",
    "owner": "name or number",
    "namespace": "string",
    "verbatim": "string",
    "amount": "string or number",
    "command": "command",
}
_PLAIN = {str: "string", bool: "boolean", int: "whole number", float: "number", Any: "any value"}


def renewed(page: str, root: type[model.Block] = model.Config) -> str:
    """Return the page with its tables updated from the model."""
    made = tables(root)
    return _TABLE.sub(lambda match: _marked(match[1], made[match[1]]), page)


def tables(root: type[model.Block]) -> dict[str, str]:
    """Return the table of each kind of block under the name that the page's markers use."""
    made: dict[str, str] = {}
    for _, kind in blocks(root):
        made.setdefault(kind.__name__, _table(kind))
    return made


def _marked(name: str, table: str) -> str:
    return f"<!-- options: {name} -->\n{table}<!-- end -->"


def _table(kind: type[model.Block]) -> str:
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for info in msgspec.structs.fields(kind):
        cells = (f"`{info.name}`", _type(info.type), _default(info), _meaning(info))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _type(kind: Any) -> str:
    inner, metas = annotation(kind)
    if written(metas):
        return _WRITTEN[written(metas)]
    if get_origin(inner) is Literal:
        return " ".join(f"`{value}`" for value in get_args(inner))
    if get_origin(inner) is tuple:
        return f"list of {_plural(_type(get_args(inner)[0]))}"
    if get_origin(inner) is dict:
        return f"{_plural(_type(get_args(inner)[1]))} by name"
    return "block" if is_block(inner) or is_union(inner) else _PLAIN[inner]


def _plural(kind: str) -> str:
    return {"block": "blocks", "whole number": "whole numbers", "string": "strings"}.get(kind, kind)


def _default(info: msgspec.structs.FieldInfo) -> str:
    if info.required:
        return "**required**"
    if info.default is NODEFAULT or info.default in ("", (), None):
        return ""
    way = written(annotation(info.type)[1])
    if way == "perms":
        return f'`"{info.default:04o}"`'
    if way == "duration":
        return f"`{duration_words(info.default)}`"
    if isinstance(info.default, bool):
        return "`true`" if info.default else "`false`"
    return f"`{info.default}`" if not isinstance(info.default, tuple) else f"`{[*info.default]}`"


def _meaning(info: msgspec.structs.FieldInfo) -> str:
    _, metas = annotation(info.type)
    return next((meta.description for meta in reversed(metas) if meta.description), "")
