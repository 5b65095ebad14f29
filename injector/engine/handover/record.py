"""A record as bytes: a version, a digest of the rest, the rest."""

import hashlib
from dataclasses import dataclass

import msgspec

from injector.engine.handover.stamp import Stamp
from injector.engine.handover.state import State

FAMILY = b"vault-injector hand-over "
# Incremented when a field changes its meaning or becomes required: other versions are ignored.
VERSION = b"3"
_HEADER = FAMILY + VERSION + b"\n"
_DIGEST = hashlib.sha256().digest_size
# No hand-over file is larger: reading it would only cost memory.
LARGEST = 64 * 2**20


class Unusable(ValueError):
    """The bytes are not a usable record; the reason quotes none of them."""


@dataclass(frozen=True, slots=True)
class Record:
    """One state, with the stamp that says whose and from when."""

    stamp: Stamp
    state: State


def encode(record: Record) -> bytes:
    """Return a record as bytes; raises Unusable for a value that cannot be encoded."""
    try:
        content = msgspec.msgpack.encode(record, enc_hook=float)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        # Not `from`: a Unicode error carries the text.
        raise Unusable("a secret has a number or string that cannot be stored") from None
    if len(_HEADER) + _DIGEST + len(content) > LARGEST:
        raise Unusable(f"it would be larger than {LARGEST >> 20} MiB")
    return b"".join((_HEADER, hashlib.sha256(content).digest(), content))


def decode(encoded: bytes) -> Record:
    """Return what `encode` was given; raises Unusable."""
    if not encoded.startswith(FAMILY):
        raise Unusable("it is not a hand-over file, or is damaged")
    if not encoded.startswith(_HEADER):
        raise Unusable("it was written by another version of the injector, or is damaged")
    digest, content = encoded[len(_HEADER) :][:_DIGEST], encoded[len(_HEADER) + _DIGEST :]
    if hashlib.sha256(content).digest() != digest:
        raise Unusable("it is damaged")
    try:
        return msgspec.msgpack.decode(content, type=Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The reason may quote what it found.
        raise Unusable("it was written by another version of the injector") from None
