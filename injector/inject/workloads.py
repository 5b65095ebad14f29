"""Finds the pods in a manifest: a Pod itself, or whatever has a template of one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

# Where a workload has its pod; CronJob, then all others (also those that we do not know).
TEMPLATES: tuple[Path, ...] = (("spec", "jobTemplate", "spec", "template"), ("spec", "template"))


@dataclass(frozen=True, slots=True)
class Workload:
    """One pod in a document: where it is, and whose."""

    kind: str
    name: str
    namespace: str
    path: Path  # to what has the pod's `metadata` and `spec`
    pod: Mapping[str, Any]

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def workloads(document: Any, path: Path = ()) -> Iterator[Workload]:
    """Yield every pod of a document, also of those in a List or a ResourceList."""
    if not isinstance(document, Mapping):
        return
    kind = str(document.get("kind", ""))
    if kind.endswith("List") and isinstance(document.get("items"), list):
        for index, item in enumerate(document["items"]):
            yield from workloads(item, (*path, "items", index))
        return
    if kind == "Pod":
        yield _workload(document, path, document)
        return
    for below in TEMPLATES:
        template = _at(document, below)
        if isinstance(template, Mapping) and _at(template, ("spec", "containers")):
            yield _workload(document, (*path, *below), template)
            return


def _workload(document: Mapping[str, Any], path: Path, pod: Mapping[str, Any]) -> Workload:
    metadata = document.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    name = named.get("name") or named.get("generateName") or "?"
    return Workload(
        str(document.get("kind", "?")), str(name), str(named.get("namespace") or ""), path, pod
    )


def _at(document: Any, path: Path) -> Any:
    for part in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document
