"""In which forms a value may stand in a text."""

import json
import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

# Shorter values are words like "true" or "db": masking them would make any text unreadable.
SHORTEST_SECRET = 6
# So many characters of a key are shown: keys come from outside, too.
LONGEST_KEY = 60

_UNQUOTED = re.compile(r"[A-Za-z0-9_.~-]*")  # neither URLs nor JSON write it in another way


def forms_of(leaf: str) -> Iterator[str]:
    """Return every form in which a value is recognized."""
    if len(leaf) < SHORTEST_SECRET:
        return
    yield leaf
    if not _UNQUOTED.fullmatch(leaf):
        yield quote(leaf, safe="", errors="surrogatepass")
        yield json.dumps(leaf)[1:-1]
        yield json.dumps(leaf, ensure_ascii=False)[1:-1]
        # A multi-line value (a key, a certificate) may show up line by line.
        yield from leaf.splitlines()
    for form in _base64(leaf.encode(errors="surrogatepass")):
        yield form
        if "+" in form or "/" in form:
            yield form.replace("+", "-").replace("/", "_")


def _base64(raw: bytes) -> Iterator[str]:
    """Return a value in base64, on its own and in the middle of other text.

    In other text it begins at any of three places, and shares its first and last character with it.
    """
    alone = b2a_base64(raw, newline=False).decode().rstrip("=")
    yield alone
    yield alone[: len(raw) * 8 // 6]
    for before, shared in ((1, 2), (2, 3)):
        encoded = b2a_base64(bytes(before) + raw, newline=False).decode()
        yield encoded[shared : (before + len(raw)) * 8 // 6]


def leaves_of(value: Any, keys: str = "") -> Iterator[tuple[str, str]]:
    """Return every value inside, and the keys that lead to it."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves_of(item, f"{keys}.{_shown(str(key))}")
    elif isinstance(value, Sequence):
        for item in value:
            yield from leaves_of(item, keys)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield keys, json.dumps(value)


def _shown(key: str) -> str:
    cut = key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"
    return cut if cut.isprintable() else "?"
