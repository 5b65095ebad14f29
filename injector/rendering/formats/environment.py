"""What every environment requires of a variable."""

import re
from typing import Any

from injector.base.errors import RenderError
from injector.rendering.formats.text import text_of, without_nul

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def variable(key: str, value: Any) -> tuple[str, str]:
    """Return the name and text of a variable; lists and maps become compact JSON."""
    if not _NAME.fullmatch(key):
        raise RenderError(
            "not the name of a variable (letters, digits and _, no digit first);"
            " rename the key in Vault, or set the variable in a template"
        )
    return key, without_nul(text_of(value))
