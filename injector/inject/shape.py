"""What has to hold of a pod before it is read: whoever sends one may send anything."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import msgspec


class Named(TypedDict):
    """A volume, a variable: more is not looked at."""

    name: str


class Mount(Named):
    """A volume in a container."""

    mountPath: str


class Container(Named):
    """A container; `null` stands for an empty list, as in Go."""

    volumeMounts: NotRequired[list[Mount] | None]
    env: NotRequired[list[Named] | None]
    securityContext: NotRequired[dict[str, Any] | None]
    restartPolicy: NotRequired[str | None]


class Source(TypedDict):
    """One source of a projected volume."""

    serviceAccountToken: NotRequired[dict[str, Any] | None]


class Projected(TypedDict):
    """A projected volume."""

    sources: NotRequired[list[Source] | None]


class Volume(Named):
    """A volume of the pod."""

    projected: NotRequired[Projected | None]


class Spec(TypedDict):
    """The part of a pod's spec that is read."""

    containers: list[Container]
    initContainers: NotRequired[list[Container] | None]
    volumes: NotRequired[list[Volume] | None]
    securityContext: NotRequired[dict[str, Any] | None]
    serviceAccountName: NotRequired[str | None]
    restartPolicy: NotRequired[str | None]


class Metadata(TypedDict):
    """The part of a pod's metadata that is read."""

    name: NotRequired[str | None]
    annotations: NotRequired[dict[str, str] | None]


class Status(TypedDict):
    """The part of a pod's status that is read."""

    phase: NotRequired[str]


class Pod(TypedDict):
    """The parts of a pod that are read; all others may be anything."""

    metadata: NotRequired[Metadata | None]
    spec: Spec
    status: NotRequired[Status | None]


def objection(pod: Any) -> str:
    """Return what is wrong with the shape of a pod, and where; empty if nothing is."""
    try:
        read = msgspec.convert(pod, Pod)
    except msgspec.ValidationError as exc:
        text = str(exc)
        advice = "; quote it" if "annotations" in text and "str" in text else ""
        return f"{text}{advice}"
    try:
        "".join(f"{key}{text}" for key, text in annotations(pod).items()).encode()
    except UnicodeEncodeError:
        return "an annotation is no Unicode text - at `$.metadata.annotations`"
    return "" if read["spec"]["containers"] else "a pod without containers - at `$.spec.containers`"


def annotations(pod: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the annotations of a pod whose shape is right."""
    found: Mapping[str, str] = (pod.get("metadata") or {}).get("annotations") or {}
    return found
