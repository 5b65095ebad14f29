"""When an SSH certificate ends: Vault signs it and does not say (PROTOCOL.certkeys of OpenSSH)."""

import base64
import math
import struct

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


def valid_before(signed_key: str) -> float:
    """Return its end in seconds since the epoch; `inf` if it has none, or cannot be read."""
    try:
        name, encoded = signed_key.split()[:2]
        blob = base64.b64decode(encoded, validate=True)
        at = _after_fields(blob, 0, 2 + KEY_FIELDS[name])  # the name again, the nonce, the key
        at = _after_fields(blob, at + 12, 2)  # serial number and type; key id and principals
        _, end = struct.unpack_from(">QQ", blob, at)
    except (ValueError, KeyError, struct.error):
        return math.inf
    return math.inf if end == FOR_EVER else float(end)


def _after_fields(blob: bytes, at: int, count: int) -> int:
    """Return where `count` fields, each with its length in front, end."""
    for _ in range(count):
        (length,) = struct.unpack_from(">I", blob, at)
        at += 4 + length
    return at
