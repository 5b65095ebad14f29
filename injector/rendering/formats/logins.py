"""Writes a secret as one login, for programs that read ~/.netrc or ~/.pgpass."""

import re
from collections.abc import Mapping
from typing import Any

from injector.base.errors import MissingError, RenderError
from injector.rendering.formats.text import about, encodable, scalar_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Visible ASCII but `"` and `\`; curl ends a plain word where another character follows.
_PLAIN = re.compile(r"(?!#)[!#-\[\]-~]+")


def netrc_entry(data: Mapping[str, Any]) -> str:
    """Return the keys `machine`, `login`, `password` and, if it is there, `account`."""
    if data.get("machine") == "":
        raise RenderError(
            "key 'machine': the value is empty; name the host in Vault, or use a template"
        )
    names = ["machine", "login", *(["account"] if "account" in data else []), "password"]
    return "".join(f"{name} {_quoted(_field(data, name))}\n" for name in names)


def pgpass_line(data: Mapping[str, Any]) -> str:
    """Return `host:port:database:username:password`; the first three default to `*`, any."""
    anywhere = {"host": "*", "port": "*", "database": "*", **data}
    names = ["host", "port", "database", "username", "password"]
    # libpq drops a backslash before any character; `#` in front would make the line a comment.
    fields = [re.sub(r"[\\:#]", r"\\\g<0>", _field(anywhere, name)) for name in names]
    return ":".join(fields) + "\n"


def _field(data: Mapping[str, Any], name: str) -> str:
    if name not in data:
        raise MissingError(f"the secret has no key {name!r}; add it in Vault, or use a template")
    with about(name):
        text = encodable(scalar_of(data[name]))
        if _CONTROL.search(text):
            raise RenderError(
                "the value contains a line break or control character; correct it in Vault"
            )
        return text


def _quoted(token: str) -> str:
    """Quote only where needed: the oldest readers of ~/.netrc know no quotes."""
    if _PLAIN.fullmatch(token):
        return token
    return '"' + re.sub(r'["\\]', r"\\\g<0>", token) + '"'
