r"""Writes a value so that python-dotenv and docker compose read it the same way.

Where the two differ, and what follows from it:

- Single quotes are literal for both, except that `\'` is a quote. Two backslashes stay two for
  compose and become one for python-dotenv; one before the closing quote swallows it.
- Double quotes know `\\`, `\"` and `\r` in both. A `$` that a name, `{` or `$` follows is expanded
  by compose there, and what would protect it (`\$`, `$$`) is text to python-dotenv.
- python-dotenv expands `${NAME}` in any quotes and has no way to say that it should not.
- It also reads files in text mode: a bare carriage return would arrive as a newline.
"""

import re
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.environment import variable
from injector.rendering.formats.text import without_nul

_REMEDY = "use `format: shell` or `format: json`"

_EXPANDED_BY_PYTHON = re.compile(r"\$\{[^}:]*(?::-[^}]*)?\}")
# Go's case-insensitive [a-z] also matches U+017F and U+212A; any letter here is on the safe side.
_EXPANDED_BY_COMPOSE = re.compile(r"\$(?=[^\W\d]|[${])")
_NOT_LITERAL = re.compile(r"\\(?=[\\']|\Z)|\r")
_DOUBLE_QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "\r": r"\r"})


def line(key: str, value: Any) -> str:
    """Return the assignment of one variable."""
    name, text = variable(key, value)
    return f"{name}={dotenv_value(text)}\n"


def dotenv_value(text: str) -> str:
    """Quote a value, always: a reader that does not know quotes then fails on the first day."""
    without_nul(text)
    if _EXPANDED_BY_PYTHON.search(text):
        raise RenderError(
            "the value contains `${…}`, which python-dotenv always expands; " + _REMEDY
        )
    literal = not _NOT_LITERAL.search(text)
    if literal and "'" not in text:
        return f"'{text}'"
    if not _EXPANDED_BY_COMPOSE.search(text):
        return f'"{text.translate(_DOUBLE_QUOTED)}"'
    if literal:
        return "'" + text.replace("'", r"\'") + "'"
    raise RenderError(
        "the value contains a `$` beside a backslash or carriage return that"
        " python-dotenv and docker compose read differently; " + _REMEDY
    )
