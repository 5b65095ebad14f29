"""The variables of one template that is executed."""

from typing import Any

from injector.compat.gotemplate.go.faults import GoError


class Scope:
    """A stack: who enters a block notes its height, and drops what is above when leaving."""

    def __init__(self, dot: Any) -> None:
        self._stack: list[tuple[str, Any]] = [("$", dot)]

    @property
    def dot(self) -> Any:
        """Return what the template was called with."""
        return self._stack[0][1]

    @property
    def height(self) -> int:
        return len(self._stack)

    def drop(self, height: int) -> None:
        del self._stack[height:]

    def declare(self, name: str, value: Any) -> None:
        self._stack.append((name, value))

    def value(self, name: str) -> Any:
        return self._stack[self._index(name)][1]

    def assign(self, name: str, value: Any) -> None:
        self._stack[self._index(name)] = (name, value)

    def _index(self, name: str) -> int:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index][0] == name:
                return index
        raise GoError(f"undefined variable: {name}")
