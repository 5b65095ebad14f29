"""What a pod's annotations and the defaults say, checked by what each annotation takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from injector.inject.defaults import Defaults
from injector.inject.go import values
from injector.inject.go.quantity import canonical
from injector.inject.outcome import Problems
from injector.inject.own.annotations import ALL, FAMILY, PREFIX
from injector.inject.shape import annotations
from injector.inject.unknown import warnings_of


def of_pod(pod: Mapping[str, Any]) -> dict[str, str]:
    """Return our annotations of a pod without their prefix."""
    given = annotations(pod)
    return {key.removeprefix(PREFIX): given[key] for key in given if key.startswith(PREFIX)}


class Annotations:
    """Annotations by key. What cannot be read becomes a problem."""

    def __init__(self, given: Mapping[str, str], defaults: Defaults) -> None:
        self.given = given
        self.problems = Problems()
        self._defaults = defaults

    def __contains__(self, key: str) -> bool:
        return key in self.given

    def text(self, key: str) -> str:
        """Return what the pod says, else the default."""
        if key in self.given:
            return self.given[key].strip()
        row = ALL[key]
        return self._defaults.text(row.flag) if row.flag else row.default or ""

    def flag(self, key: str) -> bool:
        text = self.text(key)
        try:
            return values.boolean(text)
        except ValueError:
            self.problem(f"expected true or false, got '{text}'", key)
            return False

    def words(self, key: str) -> list[str]:
        return [word.strip() for word in self.text(key).split(",") if word.strip()]

    def files(self) -> dict[str, str]:
        """Return the names of files with what they are made from, in order."""
        return {
            key.removeprefix(FAMILY): self.given[key].strip()
            for key in sorted(self.given)
            if key.startswith(FAMILY)
        }

    def resources(self) -> dict[str, Any]:
        """Return the defaults of requests and limits."""
        made: dict[str, Any] = {}
        for kind in ("requests", "limits"):
            for name, field in (
                ("cpu", "cpu"),
                ("memory", "memory"),
                ("ephemeral-storage", "ephemeral_storage"),
            ):
                if amount := self._defaults.text(f"{field}_{kind.removesuffix('s')}"):
                    made.setdefault(kind, {})[name] = canonical(amount)
        return made

    def problem(self, text: str, key: str) -> None:
        self.problems.add(text, f"{PREFIX}{key}")

    def unknown(self) -> Iterator[str]:
        """Warn of annotations that nobody reads."""
        keys = [key for key in sorted(self.given) if key not in ALL and not key.startswith(FAMILY)]
        yield from warnings_of(keys, [*ALL], lambda key: f"{PREFIX}{key}")
