"""Adds the agent to a pod: pure functions from a pod and the cluster's defaults to a patch.

Knows neither Vault nor Kubernetes' API; pods are plain dicts, so unknown fields survive.

- `injection`: what becomes of a pod, by its annotations: `own`, or those of `vault_k8s`
- `annotation`: what is known of an annotation; `unknown`: warns of those that are not known
- `outcome`: what becomes of a pod; `additions`: a patch of additions; `shape`: what a pod has to be
- `defaults`: what the administrator sets for all pods; `cluster`: for each namespace, from a file
- `workloads`, `manifests`: pods in manifests, as `nodes` of YAML; `krm`: for kustomize
- `explaining`: what was done to each pod, in words
- `go`: what Go's libraries make of texts, to the byte
"""

from injector.inject.defaults import Defaults
from injector.inject.injection import inject
from injector.inject.outcome import Outcome, Problem

__all__ = ["Defaults", "Outcome", "Problem", "inject"]
