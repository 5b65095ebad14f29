"""A record as bytes: a version, a digest of the rest, the rest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from injector.engine.handover.stamp import Stamp
from injector.engine.handover.state import HandoverState
from injector.engine.store import Generation, Phase
from injector.secret import Life
from injector.sources.source import Shapes

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
    state: HandoverState


class _Recorded(msgspec.Struct, frozen=True):
    """One generation; what only its source understands is encoded by itself."""

    source: str
    ref: msgspec.Raw
    answer: msgspec.Raw
    token: msgspec.Raw
    number: int
    life: Life
    added_at: float
    phase: Phase
    superseded_at: float
    successor_lost: bool
    rotation_id: str


class _Written(msgspec.Struct, frozen=True):
    """A record as it is encoded; its state has no generations."""

    stamp: Stamp
    state: HandoverState
    generations: tuple[_Recorded, ...]


def encode(record: Record) -> bytes:
    """Return a record as bytes; raises Unusable for a value that cannot be encoded."""
    try:
        generations = tuple(map(_recorded, record.state.generations))
        written = _Written(record.stamp, replace(record.state, generations=()), generations)
        content = _packed(written)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        # Not `from`: a Unicode error carries the text.
        raise Unusable("a secret has a number or string that cannot be stored") from None
    if len(_HEADER) + _DIGEST + len(content) > LARGEST:
        raise Unusable(f"it would be larger than {LARGEST >> 20} MiB")
    return b"".join((_HEADER, hashlib.sha256(content).digest(), content))


def decode(encoded: bytes, shapes: Mapping[str, Shapes]) -> Record:
    """Return what `encode` was given; raises Unusable.

    `shapes` are those of each source; what belongs to another one is left out.
    """
    if not encoded.startswith(FAMILY):
        raise Unusable("it is not a hand-over file, or is damaged")
    if not encoded.startswith(_HEADER):
        raise Unusable("it was written by another version of the injector, or is damaged")
    digest, content = encoded[len(_HEADER) :][:_DIGEST], encoded[len(_HEADER) + _DIGEST :]
    if hashlib.sha256(content).digest() != digest:
        raise Unusable("it is damaged")
    try:
        written = msgspec.msgpack.decode(content, type=_Written)
        generations = tuple(
            _generation(one, shapes[one.source])
            for one in written.generations
            if one.source in shapes
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The reason may quote what it found.
        raise Unusable("it was written by another version of the injector") from None
    return Record(written.stamp, replace(written.state, generations=generations))


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value, enc_hook=float)


def _recorded(found: Generation) -> _Recorded:
    return _Recorded(
        found.ref.source,
        msgspec.Raw(_packed(found.ref)),
        msgspec.Raw(_packed(found.answer)),
        msgspec.Raw(_packed(found.token)),
        found.number,
        found.life,
        found.added_at,
        found.phase,
        found.superseded_at,
        found.successor_lost,
        found.rotation_id,
    )


def _generation(one: _Recorded, shapes: Shapes) -> Generation:
    unpacked = msgspec.msgpack.decode
    return Generation(
        unpacked(one.ref, type=shapes.ref),
        one.number,
        unpacked(one.answer, type=shapes.answer | None),
        one.life,
        unpacked(one.token, type=shapes.token | None),
        one.added_at,
        one.phase,
        one.superseded_at,
        one.successor_lost,
        one.rotation_id,
    )
