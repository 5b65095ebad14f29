"""A secret as Go templates see it: Vault's whole answer, with both layers of KV version 2."""

from collections.abc import Mapping
from typing import Any

from injector.dialects.gotemplate.go.values import (
    NIL_POINTER,
    NilStrings,
    StringMap,
    Strings,
    Struct,
    of_json,
)
from injector.secret import Answer, Ref


def as_go_has_it(ref: Ref, content: Mapping[str, Any]) -> Any:
    """Return consul-template's Secret, nil for no content; fixtures only have the data."""
    answer: Answer | None = getattr(content, "answer", None)
    if answer is None:
        is_kv2 = ref.path.split("/")[1:2] == ["data"]
        return _secret(of_json({"data": content, "metadata": {}} if is_kv2 else content))
    envelope = answer.envelope
    if envelope is None:  # the source has nothing around its data
        return _secret(of_json(content))
    if envelope.is_empty:
        return NIL_POINTER
    if envelope.wraps:
        return _secret(None, wrap_info=_wrap_info(content), request_id=envelope.request_id)
    if envelope.logs_in:
        return _secret(None, auth=_auth(content), request_id=envelope.request_id)
    whole: Mapping[str, Any] = content
    if envelope.metadata is not None:
        whole = {"data": content, "metadata": envelope.metadata}
    return _secret(
        of_json(whole),
        request_id=envelope.request_id,
        lease_id=answer.lease_id,
        lease_duration=envelope.lease_duration,
        renewable=envelope.renewable,
        warnings=Strings(envelope.warnings) if envelope.warnings else NilStrings(),
    )


def _secret(
    data: Any,
    *,
    request_id: str = "",
    lease_id: str = "",
    lease_duration: int = 0,
    renewable: bool = False,
    warnings: Strings | None = None,
    auth: Struct | None = None,
    wrap_info: Struct | None = None,
) -> Struct:
    return Struct(
        "*dependency.Secret",
        {
            "RequestID": request_id,
            "LeaseID": lease_id,
            "LeaseDuration": lease_duration,
            "Renewable": renewable,
            "Data": {} if data is None else data,
            "Warnings": NilStrings() if warnings is None else warnings,
            "Auth": NIL_POINTER if auth is None else auth,
            "WrapInfo": NIL_POINTER if wrap_info is None else wrap_info,
        },
    )


def _auth(auth: Mapping[str, Any]) -> Struct:
    return Struct(
        "*dependency.SecretAuth",
        {
            "ClientToken": str(auth.get("client_token", "")),
            "Accessor": str(auth.get("accessor", "")),
            "Policies": Strings(map(str, auth.get("policies") or ())),
            "Metadata": StringMap(auth.get("metadata") or {}),
            "LeaseDuration": int(auth.get("lease_duration", 0)),
            "Renewable": bool(auth.get("renewable")),
        },
    )


def _wrap_info(wrap: Mapping[str, Any]) -> Struct:
    return Struct(
        "*dependency.SecretWrapInfo",
        {
            "Token": str(wrap.get("token", "")),
            "TTL": int(wrap.get("ttl", 0)),
            "CreationTime": str(wrap.get("creation_time", "")),
            "WrappedAccessor": str(wrap.get("wrapped_accessor", "")),
        },
    )
