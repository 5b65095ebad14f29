"""A configuration in a variable of the environment: `env:NAME` in the place of a file's name.

A webhook hands it over so, without a volume or a shell that writes it to a file.
"""

import base64
import binascii
from collections.abc import Mapping

from injector.config.problem import Wrong

PREFIX = "env:"


def is_variable(path: str) -> bool:
    return path.startswith(PREFIX)


def text_of(path: str, environ: Mapping[str, str]) -> str:
    """Return the text of a variable, which may be the base64 of it; raises Wrong.

    No mapping is valid base64: that has neither `:` nor `{`.
    """
    name = path.removeprefix(PREFIX)
    text = environ.get(name, "")
    if not text.strip():
        raise Wrong(f"the environment variable {name} is not set, or empty; put it there")
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return text
