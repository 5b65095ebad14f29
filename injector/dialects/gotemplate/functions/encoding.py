"""Base64 and digests."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.values import bytes_of, text_of

_STANDARD = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_URL = re.compile(rb"[A-Za-z0-9_-]*={0,2}")


def base64_decode(text: str) -> str:
    return _decoded("base64Decode", text, _STANDARD, base64.b64decode)


def base64_encode(text: str) -> str:
    return base64.b64encode(bytes_of(text)).decode()


def base64_url_decode(text: str) -> str:
    return _decoded("base64URLDecode", text, _URL, base64.urlsafe_b64decode)


def base64_url_encode(text: str) -> str:
    return base64.urlsafe_b64encode(bytes_of(text)).decode()


def _decoded(
    name: str, text: str, allowed: "re.Pattern[bytes]", decode: Callable[[bytes], bytes]
) -> str:
    """Decode as Go does: line endings are ignored, and the padding must be complete."""
    data = bytes_of(text).replace(b"\r", b"").replace(b"\n", b"")
    try:
        if not allowed.fullmatch(data):
            raise ValueError("another alphabet")
        return text_of(decode(data))
    except (binascii.Error, ValueError):
        raise GoError(f"{name}: the text is not valid base64") from None


def sha256_hex(text: str) -> str:
    return hashlib.sha256(bytes_of(text)).hexdigest()


def md5sum(text: str) -> str:
    return hashlib.md5(bytes_of(text), usedforsecurity=False).hexdigest()


def _hmac_sha256_hex(message: str, key: str) -> str:
    return hmac.new(bytes_of(key), bytes_of(message), hashlib.sha256).hexdigest()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "base64Decode": base64_decode,
    "base64Encode": base64_encode,
    "base64URLDecode": base64_url_decode,
    "base64URLEncode": base64_url_encode,
    "hmacSHA256Hex": _hmac_sha256_hex,
    "md5sum": md5sum,
    "sha256Hex": sha256_hex,
}
