"""When credentials were requested beyond their schedule, by path: for issuance budgets."""

from collections import deque
from collections.abc import Iterable, Mapping


class Issuances:
    """Times on the injected clock; those too old to matter are forgotten."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def counted(self, path: str, *, since: float) -> tuple[float, ...]:
        """Return when credentials were requested at this path; forget older requests."""
        for known in tuple(self._times):
            times = self._times[known]
            while times and times[0] <= since:
                times.popleft()
            if not times:
                del self._times[known]
        return tuple(self._times.get(path, ()))

    def add(self, path: str, now: float) -> None:
        self._times.setdefault(path, deque()).append(now)

    def undo(self, path: str) -> None:
        """Note that the last request at this path has issued nothing."""
        if times := self._times.get(path):
            times.pop()

    def forget(self, path: str) -> None:
        """Note that nothing is ever issued at this path."""
        self._times.pop(path, None)

    def clear(self) -> None:
        self._times.clear()

    def all(self) -> dict[str, tuple[float, ...]]:
        return {path: tuple(times) for path, times in self._times.items()}

    def restore(self, times: Mapping[str, Iterable[float]]) -> None:
        """Start with what another process counted."""
        self._times = {path: deque(of) for path, of in times.items()}
