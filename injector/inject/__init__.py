"""Adds the agent to a pod: pure functions from a pod and the cluster's defaults to a patch.

Knows neither Vault nor Kubernetes' API; pods are plain dicts, so unknown fields survive.

- `vault_k8s`: the annotations of HashiCorp's webhook
- `outcome`: what becomes of a pod; `additions`: a patch of additions; `shape`: what a pod has to be
- `defaults`: what the administrator sets for all pods; `cluster`: for each namespace, from a file
- `workloads`, `manifests`: pods in manifests; `explaining`: what was done to each, in words;
  `reference`: the tables of docs/webhook.md
- `go`: what Go's libraries make of texts, to the byte
"""

from injector.inject.defaults import Defaults
from injector.inject.outcome import Outcome, Problem
from injector.inject.vault_k8s.dialect import inject

__all__ = ["Defaults", "Outcome", "Problem", "inject"]
