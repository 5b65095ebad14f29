"""When a certificate is valid, read from PEM or DER: answers give only the leaf's end."""

import base64
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

VERSION, UTC_TIME = 0xA0, 0x17
# Of the signed part, its version left out: serial number, algorithm, issuer, validity.
VALIDITY = 3


class Validity(NamedTuple):
    """In seconds since the epoch."""

    begins: float
    ends: float


ALWAYS = Validity(-math.inf, math.inf)


def validity(certificate: str) -> Validity:
    """Return its validity; forever, if it cannot be read."""
    lines = [line for line in certificate.splitlines() if not line.startswith("-----")]
    try:
        der = base64.b64decode("".join(map(str.strip, lines)), validate=True)
        [(_, signed), *_] = _elements(next(_elements(der))[1])
        fields = [element for element in _elements(signed) if element[0] != VERSION]
        begins, ends = _elements(fields[VALIDITY][1])
        return Validity(_seconds(*begins), _seconds(*ends))
    except (ValueError, IndexError, StopIteration):
        return ALWAYS


def _seconds(tag: int, moment: bytes) -> float:
    text = moment.decode("ascii")
    if tag == UTC_TIME:  # two digits of the year
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in a row."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        yield tag, der[at : at + length]
        at += length
