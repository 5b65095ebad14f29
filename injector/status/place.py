"""Where this process runs: what a person needs to find it among many."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Where the service account of a pod is mounted, unless the pod wants none.
NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Place:
    """A host, or a pod, whose host name is its own."""

    host: str
    in_kubernetes: bool
    namespace: str | None


def here(environ: Mapping[str, str]) -> Place:
    """Return this place. A pod without a service account may name its namespace itself."""
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in environ
    namespace = environ.get("POD_NAMESPACE") if in_kubernetes else None
    if in_kubernetes and not namespace:
        with suppress(OSError):
            namespace = NAMESPACE.read_text("utf-8").strip()
    return Place(environ.get("POD_NAME") or socket.gethostname(), in_kubernetes, namespace or None)
