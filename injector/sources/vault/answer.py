"""What an answer means: which data, and how long it is good for. Pure functions over JSON."""

import email.utils
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from injector.base.errors import MissingError, RenderError
from injector.secret import Answer, Kind
from injector.sources.vault.certificates import ssh_end, validity
from injector.sources.vault.ref import VaultRef

# How each shape of an answer is recognized.
CERTIFICATE = frozenset({"certificate", "serial_number", "expiration"})
SSH_CERTIFICATE = frozenset({"signed_key", "serial_number"})
STATIC_ROLE = frozenset({"last_vault_rotation", "ttl"})
ONE_TIME_CODE = frozenset({"code", "expire_time"})
# The key of a TTL, and the key of what it is about. Identity tokens and others have only `ttl`; the
# second pair is AppRole's, the third Google Cloud's. A role's settings have the last two TTLs as
# well, but nothing that lives.
TTL_OF = {"ttl": "ttl", "secret_id_ttl": "secret_id", "token_ttl": "token"}
# Another token has another cubbyhole, and a wrapped answer can be opened once: asked for once.
ONCE = ("cubbyhole/", "sys/wrapping/unwrap")
# Paths whose answers have no envelope. Elsewhere, such an answer is not Vault's.
BARE = ("sys/", "identity/oidc/")
# Levels that formats, templates and the redactor walk through; Vault itself takes a few hundred.
DEEPEST = 100
NESTING = (dict, list)
# Keys that change while the value stays the same.
COUNTING = {Kind.STATIC_ROLE: frozenset({"ttl", "generated"})}


class Envelope(Struct, frozen=True):
    """What Vault says around the data. Only Go templates can show it."""

    request_id: str = ""
    lease_duration: int = 0  # as it stands there: KV version 1 names one that means nothing
    renewable: bool = False
    metadata: Mapping[str, Any] | None = None  # of KV version 2
    warnings: tuple[str, ...] = ()
    wraps: bool = False  # the data is what it says of a wrapped answer
    logs_in: bool = False  # the data is what it says of a new token
    is_empty: bool = False  # 204: it was done, and there is nothing to say


class VaultAnswer(Answer, frozen=True):
    """What Vault answered.

    `duration` is the life left in seconds, `inf` if it names none. `ends_at` is its end by the
    server's clock, where it says that instead. `version` is KV's, or a static role's last rotation.
    """

    envelope: Envelope = Envelope()
    duration: float = math.inf
    renewable: bool = False
    ends_at: float = math.inf

    @property
    def lasting(self) -> Mapping[str, Any]:
        """Return the data without what changes from request to request."""
        counting = COUNTING.get(self.kind, frozenset())
        return {key: value for key, value in self.data.items() if key not in counting}

    def is_same(self, after: Answer) -> bool:
        return (
            isinstance(after, VaultAnswer)
            and self.lasting == after.lasting
            and self.envelope.metadata == after.envelope.metadata
            and not after.lease_id
        )

    def life(self, date_header: str, wall: float) -> float:
        """Return the seconds left, by the server's own clock (its Date header), else by ours."""
        if self.ends_at == math.inf:
            return self.duration
        try:
            served: datetime | None = email.utils.parsedate_to_datetime(date_header)
        except (TypeError, ValueError):
            served = None
        return min(self.duration, self.ends_at - (served.timestamp() if served else wall))


def understand(ref: VaultRef, body: Mapping[str, Any], *, engine: str = "auto") -> VaultAnswer:
    """Sort an answer by its shape.

    `engine` is kv1 or kv2 where the user knows better: a KV v1 secret may itself have the keys
    `data` and `metadata`. Raises MissingError for a deleted or destroyed version, RenderError for
    data that nothing could render.
    """
    if _is_deeper(body, DEEPEST):
        raise RenderError(
            f"read {ref}: nested deeper than {DEEPEST} levels; flatten it, or store it as a string"
        )
    answer = _sorted(ref, body, engine)
    warnings = body.get("warnings")
    envelope = structs.replace(
        answer.envelope,
        request_id=str(body.get("request_id") or ""),
        lease_duration=int(_seconds(body.get("lease_duration"))),
        renewable=answer.renewable,
        warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
    )
    return structs.replace(answer, envelope=envelope)


def _is_deeper(value: Any, limit: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return limit < 0 or any(
        _is_deeper(each, limit - 1) for each in inside if isinstance(each, NESTING)
    )


def _sorted(ref: VaultRef, body: Mapping[str, Any], engine: str) -> VaultAnswer:
    if (other := _without_data(ref, body)) is not None:
        return other
    data = body.get("data")
    if data is None and ref.path.startswith(BARE) and "request_id" not in body:
        data = body
    if not isinstance(data, dict):
        raise MissingError(
            f"read {ref}: the answer has no data; is it a path that `vault read` accepts?"
        )
    if ref.path.startswith(ONCE):
        return VaultAnswer(data, Kind.ISSUED)
    duration = _seconds(body.get("lease_duration"))
    if lease_id := body.get("lease_id"):
        return VaultAnswer(
            data,
            Kind.LEASE,
            lease_id=str(lease_id),
            duration=duration or math.inf,
            renewable=bool(body.get("renewable")),
            ends_at=_certificate_end(data),
        )
    if ref.body is None:
        return _read(ref, data, engine, duration)
    if (ends_at := _certificate_end(data)) < math.inf:
        return VaultAnswer(
            data, Kind.CERTIFICATE, version=str(data["serial_number"]), ends_at=ends_at
        )
    return _with_ttl(data, duration) or VaultAnswer(data, Kind.ISSUED)


def _without_data(ref: VaultRef, body: Mapping[str, Any]) -> VaultAnswer | None:
    """Return the answer if it has no data, with what templates see instead; otherwise None."""
    if ref.body is not None and not body:
        return VaultAnswer({}, Kind.ISSUED, envelope=Envelope(is_empty=True))
    if isinstance(wrapped := body.get("wrap_info"), dict):
        return VaultAnswer(wrapped, Kind.ISSUED, envelope=Envelope(wraps=True))
    if body.get("data") is None and isinstance(auth := body.get("auth"), dict):
        # It ends with the token that made it, as a lease does, but has no id to renew or revoke.
        duration = _seconds(auth.get("lease_duration")) or math.inf
        return VaultAnswer(auth, Kind.LEASE, duration=duration, envelope=Envelope(logs_in=True))
    return None


def _read(ref: VaultRef, data: dict[str, Any], engine: str, lease_duration: float) -> VaultAnswer:
    if engine == "kv1":
        return VaultAnswer(data, Kind.STATIC)
    if _is_kv2(data):
        return _kv2(ref, data)
    if engine == "kv2":
        raise MissingError(
            f"read {ref}: this is not KV version 2's answer; its paths have `data/` after the mount"
        )
    if data.keys() >= STATIC_ROLE and data.keys() & {"rotation_period", "rotation_schedule"}:
        version = str(data["last_vault_rotation"])
        return VaultAnswer(data, Kind.STATIC_ROLE, version, duration=_seconds(data["ttl"]))
    if data.keys() >= ONE_TIME_CODE and (ends_at := _seconds(data["expire_time"])):
        return VaultAnswer(
            data, Kind.STATIC_ROLE, version=str(data["expire_time"]), ends_at=ends_at
        )
    # KV v1's lease_duration (768 h) is advisory and never a schedule; no other engine without
    # leases sends one, so what has one is KV v1, whatever keys its user chose.
    with_ttl = None if lease_duration else _with_ttl(data, 0.0)
    return with_ttl or VaultAnswer(data, Kind.STATIC)


def _with_ttl(data: dict[str, Any], lease_duration: float) -> VaultAnswer | None:
    said = (_seconds(data.get(key)) for key, of in TTL_OF.items() if of in data)
    duration = lease_duration or next(filter(None, said), 0.0)
    return VaultAnswer(data, Kind.TTL, duration=duration) if duration else None


def _certificate_end(data: Mapping[str, Any]) -> float:
    """Return when a certificate ends, in seconds since the epoch; `inf` if it is none."""
    if data.keys() >= CERTIFICATE:
        return min(_seconds(data["expiration"]) or math.inf, _chain_end(data))
    if data.keys() >= SSH_CERTIFICATE:
        return ssh_end(str(data["signed_key"]))
    return math.inf


def _chain_end(data: Mapping[str, Any]) -> float:
    """Return when the first of a certificate's issuers expires, which makes it useless.

    One that had ended before the certificate began (an old root, cross-signed) is not needed.
    """
    chain = data.get("ca_chain") or [data.get("issuing_ca")]
    if not isinstance(chain, list):
        return math.inf
    begins = validity(str(data["certificate"])).begins
    ends = (validity(str(issuer)).ends for issuer in chain)
    return min((end for end in ends if end > begins), default=math.inf)


def _seconds(value: Any) -> float:
    """Return a life as the server names it; 0 for what names none, negative and odd ones too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        seconds = float(value)
    except OverflowError:  # JSON has numbers of any length
        return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def _is_kv2(data: Mapping[str, Any]) -> bool:
    metadata = data.get("metadata")
    return (
        data.keys() == {"data", "metadata"} and isinstance(metadata, dict) and "version" in metadata
    )


def _kv2(ref: VaultRef, data: Mapping[str, Any]) -> VaultAnswer:
    """Return the data; a deletion time in the future is a plan, not a deletion."""
    metadata = data["metadata"]
    version = str(metadata.get("version", ""))
    if not isinstance(data["data"], dict):
        what = "was destroyed" if metadata.get("destroyed") else "was deleted"
        raise MissingError(
            f"read {ref}: version {version} {what}; write a new version, undelete it, or pin "
            "another with ?version="
        )
    envelope = Envelope(metadata=metadata)
    return VaultAnswer(data["data"], Kind.STATIC, version=version, envelope=envelope)
