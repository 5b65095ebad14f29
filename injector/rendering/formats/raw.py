"""Writes the value of one key and nothing else: a certificate, a token, a keystore."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from injector.base.errors import MissingError, RenderError
from injector.rendering.formats.text import about, scalar_of

_URL_SAFE = str.maketrans("-_", "+/")


def content(data: Mapping[str, Any], key: str, encoding: str) -> bytes:
    """Return the bytes of the value: no newline is added or removed."""
    if not key:
        raise RenderError("needs the key whose value is the file; set `key:`")
    if key not in data:
        has = ", ".join(map(repr, sorted(data))) or "none"
        raise MissingError(f"the secret has no key {key!r} (its keys: {has}); correct `key:`")
    with about(key):
        if encoding == "base64":
            return _decoded(data[key])
        return scalar_of(data[key]).encode()


def _decoded(value: Any) -> bytes:
    """Decode base64 of either alphabet, with or without padding and line breaks."""
    if not isinstance(value, str):
        raise RenderError("the value is not a string, so it is not base64; set `encoding: text`")
    digits = "".join(value.split()).translate(_URL_SAFE)
    if "=" not in digits:
        digits += "=" * (-len(digits) % 4)
    try:
        content = base64.b64decode(digits, validate=True)
    except ValueError:  # binascii.Error, and characters outside ASCII
        content = None
    # Left-over bits that are not zero: something was cut off in the middle.
    if content is None or binascii.b2a_base64(content, newline=False).decode() != digits:
        raise RenderError(
            "the value is not valid base64; correct it in Vault, or set `encoding: text`"
        )
    return content
