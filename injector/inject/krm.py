"""A function of kustomize and kpt: a ResourceList comes in, and goes out injected.

functionConfig: {spec: {vault_address: https://vault.example:8200}}
items: [...]
"""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from injector.config.document import Document, document_of
from injector.inject import nodes
from injector.inject.manifests import NotAManifest
from injector.inject.outcome import Outcome
from injector.inject.workloads import Workload

CONFIG = "functionConfig"


def defaults_in(text: str) -> Document | None:
    """Return the defaults in a ResourceList, if there are any.

    Raises NotAManifest for something else, and ConfigError.
    """
    root = _root(text)
    kind = nodes.at(root, "kind")
    if not isinstance(kind, yaml.ScalarNode) or kind.value != "ResourceList":
        raise NotAManifest("expected a ResourceList, as kustomize and kpt send it")
    spec = nodes.at(root, CONFIG, "spec")
    return None if spec is None else document_of(f"{CONFIG}.spec", nodes.written(spec))


def with_results(text: str, outcomes: Sequence[tuple[Workload, Outcome]]) -> str:
    """Return a ResourceList with the warnings as results, which the caller shows."""
    found = list(_results(outcomes))
    if not found:
        return text
    root = _root(text)
    root.value.append((nodes.nodes_of("results"), nodes.nodes_of(found)))
    return nodes.written(root)


def _root(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as exc:
        raise NotAManifest(f"is no YAML: {getattr(exc, 'problem', None) or exc}") from None
    if root is None:
        raise NotAManifest("is empty; expected a ResourceList")
    return root


def _results(outcomes: Sequence[tuple[Workload, Outcome]]) -> Iterator[dict[str, Any]]:
    for workload, outcome in outcomes:
        resource = {"kind": workload.kind, "name": workload.name}
        if workload.namespace:
            resource["namespace"] = workload.namespace
        for warning in outcome.warnings:
            yield {"message": warning, "severity": "warning", "resourceRef": resource}
