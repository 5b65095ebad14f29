"""The variables of one template during its execution."""

from typing import Any

from injector.dialects.gotemplate.go.faults import GoError


class Scope:
    """A stack: its height is saved on entering a block, and restored on leaving."""

    def __init__(self, dot: Any) -> None:
        self._stack: list[tuple[str, Any]] = [("$", dot)]

    @property
    def dot(self) -> Any:
        """Return the value that the template was called with."""
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
