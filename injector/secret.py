"""What a secret is called, and when to act on it. Data and arithmetic: no clock, no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Ref:
    """Which secret: two names for the same path, parameters and namespace are one secret.

    `body` is the canonical JSON of the parameters of a write, or None for a plain read.
    """

    path: str
    namespace: str = ""
    body: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: str, params: Mapping[str, Any] | None = None, *, namespace: str = "") -> Self:
        """Name the secret at `path` as `vault read` takes it; with `params` it is a write."""
        clean = path.strip("/").removeprefix("v1/")
        body = None if params is None else json.dumps(params, sort_keys=True)
        return cls(clean, namespace, body)

    def __str__(self) -> str:
        return f"{self.namespace}:{self.path}" if self.namespace else self.path
