"""A JSON patch (RFC 6902) that only adds."""

from collections.abc import Iterable, Sequence
from typing import Any


class Additions:
    """Collects operations. A list that a pod does not have is made by its first item."""

    def __init__(self, *, exact: bool) -> None:
        self.operations: list[dict[str, Any]] = []
        self._made: set[str] = set()
        # vault-k8s looks at the pod as it came: where a list is missing, each group of items makes
        # it anew, and the group before is lost.
        self._forgets = exact

    def extend(self, path: str, existing: Sequence[Any] | None, items: Iterable[Any]) -> None:
        """Add a group of items to the end of a list."""
        there = bool(existing) or path in self._made
        for item in items:
            self.set(f"{path}/-" if there else path, item if there else [item])
            there = True
            if not self._forgets:
                self._made.add(path)

    def set(self, path: str, value: Any) -> None:
        self.operations.append({"op": "add", "path": path, "value": value})
