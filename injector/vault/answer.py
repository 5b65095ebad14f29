"""What an answer means: which data, and how long it is good for. Pure functions over JSON."""

import email.utils
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from injector.errors import MissingError
from injector.secret import Kind, Ref

# A response to a read is a certificate if it looks like one; the key decides between two names.
CERTIFICATE_KEYS = frozenset({"certificate", "serial_number"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One secret as Vault sees it at one moment.

    `duration` is the life left in seconds, `inf` if it names none. `version` tells generations
    apart where the server does: KV's version, a static role's last rotation.
    """

    data: Mapping[str, Any] = field(repr=False)
    kind: Kind
    duration: float = math.inf
    lease_id: str = field(default="", repr=False)
    renewable: bool = False
    version: str = ""


def understand(ref: Ref, body: Mapping[str, Any], *, engine: str = "auto") -> Answer:
    """Sort an answer by its shape.

    `engine` is kv1 or kv2 where the user knows better: a KV v1 secret may itself have the keys
    `data` and `metadata`. Raises MissingError for a deleted or destroyed version.
    """
    data = body.get("data")
    if body.get("wrap_info"):
        raise MissingError(
            f"read {ref}: the answer is response-wrapped, which is not supported here"
        )
    if not isinstance(data, dict):
        raise MissingError(f"read {ref}: the answer has no data")
    duration = float(body.get("lease_duration") or 0)
    if lease_id := body.get("lease_id"):
        return Answer(data, Kind.LEASE, duration or math.inf, lease_id, bool(body.get("renewable")))
    if ref.body is None:
        return _read(ref, data, engine)
    if data.keys() >= CERTIFICATE_KEYS and isinstance(data.get("expiration"), int | float):
        return Answer(data, Kind.CERTIFICATE, version=str(data["serial_number"]))
    ttl = data.get("ttl")
    if duration > 0 or (isinstance(ttl, int | float) and ttl > 0):
        return Answer(data, Kind.TTL, duration or float(str(ttl)))
    return Answer(data, Kind.ISSUED)


def _read(ref: Ref, data: dict[str, Any], engine: str) -> Answer:
    if engine != "kv1" and _is_kv2(data):
        return _kv2(ref, data)
    if engine == "kv2":
        raise MissingError(
            f"read {ref}: this is not KV version 2's answer; its paths have `data/` after the mount"
        )
    if "rotation_period" in data or "rotation_schedule" in data:
        ttl = data.get("ttl")
        return Answer(
            data,
            Kind.STATIC_ROLE,
            float(ttl) if isinstance(ttl, int | float) and ttl > 0 else 0.0,
            version=str(data.get("last_vault_rotation", "")),
        )
    # KV v1's lease_duration (768 h) is advisory and never a schedule.
    return Answer(data, Kind.STATIC)


def _is_kv2(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    return (
        data.keys() == {"data", "metadata"} and isinstance(metadata, dict) and "version" in metadata
    )


def _kv2(ref: Ref, data: Mapping[str, Any]) -> Answer:
    """Return the data; a deletion time in the future is a plan, not a deletion."""
    metadata = data["metadata"]
    version = str(metadata.get("version", ""))
    if data["data"] is None:
        what = "was destroyed" if metadata.get("destroyed") else "was deleted"
        raise MissingError(
            f"read {ref}: version {version} {what}; write a new version, undelete it, or pin "
            "another with ?version="
        )
    return Answer(data["data"], Kind.STATIC, version=version)


def certificate_life(answer: Answer, date_header: str, wall: float) -> float:
    """Return the seconds left, by the server's own clock (its Date header), else by ours."""
    try:
        served: datetime | None = email.utils.parsedate_to_datetime(date_header)
    except (TypeError, ValueError):
        served = None
    return float(answer.data["expiration"]) - (served.timestamp() if served else wall)
