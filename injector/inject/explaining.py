"""What a patch does to a pod, in a few words each."""

from collections.abc import Iterator, Mapping
from typing import Any

from injector.inject.go import json_patch
from injector.inject.outcome import Operations


def changes(pod: Mapping[str, Any], operations: Operations) -> Iterator[str]:
    """Yield a line for everything that a patch adds."""
    after = json_patch.apply(pod, operations)
    mounts: dict[str, list[str]] = {}
    for operation in operations:
        _, *parts = operation["path"].split("/")
        match [part for part in parts if not part.isdecimal() and part != "-"]:
            case ["spec", "containers" | "initContainers" as kind, "volumeMounts"]:
                name = after["spec"][kind][int(parts[2])]["name"]
                mounts.setdefault(name, []).extend(
                    mount["mountPath"] for mount in _items(operation["value"])
                )
            case ["spec", "containers"]:
                yield from map(_container, _items(operation["value"]))
            case ["spec", "initContainers"]:
                yield from (f"init {_container(one)}" for one in _items(operation["value"]))
            case ["spec", "volumes"]:
                for volume in _items(operation["value"]):
                    kind = next((key for key in volume if key != "name"), "volume")
                    yield f"volume {volume['name']} ({kind})"
            case ["spec", "shareProcessNamespace"]:
                yield f"shareProcessNamespace: {str(operation['value']).lower()}"
    for name, paths in mounts.items():
        yield f"mounts in {name}: {', '.join(paths)}"


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _container(container: Mapping[str, Any]) -> str:
    kind = "native sidecar" if container.get("restartPolicy") == "Always" else "container"
    return f"{kind} {container['name']} ({container['image']})"
