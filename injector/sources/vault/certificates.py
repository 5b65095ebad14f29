"""When certificates are valid: an answer gives only the leaf's end, and none for SSH's."""

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

VERSION, UTC_TIME = 0xA0, 0x17
# The place of the validity in the signed part: after serial number, algorithm and issuer. The
# version is left out.
VALIDITY = 3
# How many fields the key itself has, between the nonce and the serial number.
KEY_FIELDS = {
    "ssh-rsa-cert-v01@openssh.com": 2,
    "ssh-ed25519-cert-v01@openssh.com": 1,
    "ssh-dss-cert-v01@openssh.com": 4,
    "ecdsa-sha2-nistp256-cert-v01@openssh.com": 2,
    "ecdsa-sha2-nistp384-cert-v01@openssh.com": 2,
    "ecdsa-sha2-nistp521-cert-v01@openssh.com": 2,
    "sk-ssh-ed25519-cert-v01@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com": 3,
}
FOR_EVER = 2**64 - 1


class Validity(NamedTuple):
    """In seconds since the epoch."""

    begins: float
    ends: float


ALWAYS = Validity(-inf, inf)


def validity(certificate: str) -> Validity:
    """Return the validity of a certificate in PEM or DER; forever, if it cannot be read."""
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


def ssh_end(signed_key: str) -> float:
    """Return when an SSH certificate ends, in seconds since the epoch (OpenSSH: PROTOCOL.certkeys).

    `inf` if it never does, or cannot be read.
    """
    try:
        name, encoded = signed_key.split()[:2]
        blob = base64.b64decode(encoded, validate=True)
        at = _after_fields(blob, 0, 2 + KEY_FIELDS[name])  # the name again, the nonce, the key
        at = _after_fields(blob, at + 12, 2)  # serial number and type; key id and principals
        _, end = struct.unpack_from(">QQ", blob, at)
    except (ValueError, KeyError, struct.error):
        return inf
    return inf if end == FOR_EVER else float(end)


def _after_fields(blob: bytes, at: int, count: int) -> int:
    """Return where `count` fields, each with its length in front, end."""
    for _ in range(count):
        (length,) = struct.unpack_from(">I", blob, at)
        at += 4 + length
    return at
