"""What a template reads from the machine: variables, local files, the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.times import formatted
from injector.dialects.gotemplate.go.values import UNKNOWN
from injector.dialects.gotemplate.model import Surroundings
from injector.dialects.gotemplate.sandbox import require_inside

_RFC3339 = "2006-01-02T15:04:05Z07:00"


class Environment:
    """The functions for one rendering, and the files that were read."""

    def __init__(
        self, surroundings: Surroundings, spelled: frozenset[str], *, files_may_come: bool = False
    ) -> None:
        self.read: set[str] = set()
        self._surroundings = surroundings
        self._spelled = spelled
        # Before anything has been fetched, a missing file is not an error.
        self._files_may_come = files_may_come

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "env": self._env,
            "envOrDefault": self._env_or_default,
            "file": self._file,
            "mustEnv": self._must_env,
            "sockaddr": self._sockaddr,
            "timestamp": self._timestamp,
        }

    def _env(self, name: str) -> str:
        return self._surroundings.environ.get(name, "")

    def _env_or_default(self, name: str, default: str) -> str:
        return self._surroundings.environ.get(name, default)

    def _must_env(self, name: str) -> str:
        if value := self._env(name):
            return value
        raise GoError(f"required environment variable {VALUE} is empty", name)

    def _file(self, path: str) -> Any:
        if not path:
            return ""
        require_inside(path, self._surroundings, self._spelled)
        self.read.add(path)
        try:
            return self._surroundings.read_file(path)
        except OSError as error:
            if self._files_may_come:
                return UNKNOWN
            why = error.strerror or error
            raise GoError(f"{VALUE}: {why}", path) from None

    def _sockaddr(self, *words: str) -> str:
        from injector.dialects.gotemplate.functions.sockaddr import sockaddr

        return sockaddr(words, self._surroundings.read_machine, self._spelled)

    def _timestamp(self, *layout: str) -> str:
        if len(layout) > 1:
            raise GoError(
                f"timestamp: wrong number of arguments, expected 0 or 1, but got {len(layout)}"
            )
        now = self._surroundings.now()
        if layout and layout[0] == "unix":
            return str(int(now))
        at = datetime.fromtimestamp(now, UTC)
        return formatted(at, layout[0] if layout else _RFC3339)
