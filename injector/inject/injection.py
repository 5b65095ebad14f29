"""What becomes of a pod, by whichever annotations it has."""

from collections.abc import Mapping
from typing import Any

from injector.inject.defaults import Defaults
from injector.inject.outcome import Outcome, Problem, refused
from injector.inject.own import dialect as own
from injector.inject.own.annotations import PREFIX
from injector.inject.shape import objection
from injector.inject.vault_k8s import dialect as vault_k8s


def inject(
    pod: Mapping[str, Any],
    namespace: str,
    defaults: Defaults,
    *,
    server: tuple[int, int] | None = None,
) -> Outcome:
    """Return what becomes of a pod that is created in a namespace.

    `server` is the version of Kubernetes, if it is known. A pure function: the same pod gets the
    same patch, in which there are only additions, and a pod that has been injected is left alone.
    """
    if objection(pod):
        return vault_k8s.inject(pod, namespace, defaults)
    try:
        asks = own.asks(pod)
    except ValueError as exc:
        return own.unclear(exc)
    if not asks:
        return vault_k8s.inject(pod, namespace, defaults)
    if vault_k8s.asks(pod):
        text = "the pod asks with vault-k8s' annotations as well; remove one of the two"
        return refused([Problem("", text, f"{PREFIX}inject")])
    return own.inject(pod, namespace, defaults, server)
