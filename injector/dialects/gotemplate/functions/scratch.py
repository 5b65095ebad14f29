"""`scratch`: values that a template keeps during one rendering."""

from typing import Any

from injector.dialects.gotemplate.go.faults import VALUE, GoError
from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import UNKNOWN, Struct
from injector.dialects.gotemplate.run.expressions import Function
from injector.dialects.gotemplate.run.signature import Stateful


class Scratch:
    """Values by name. Once an unknown value may have been stored, all of them are unknown."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._forgotten = False
        methods: dict[str, Function] = {
            "Key": self._key,
            "Get": self._get,
            "Set": Stateful(self._set, self._forget),
            "SetX": Stateful(self._set_x, self._forget),
            "MapSet": Stateful(self._map_set, self._forget),
            "MapSetX": Stateful(self._map_set_x, self._forget),
            "MapValues": self._map_values,
        }
        self._struct = Struct("*template.Scratch", {}, methods)

    def itself(self) -> Any:
        return self._struct

    def forget(self) -> None:
        """Mark all of its content as unknown."""
        self._forgotten = True

    def _forget(self, *_given: Any) -> str:
        self.forget()
        return ""

    def _key(self, name: str) -> Any:
        return UNKNOWN if self._forgotten else name in self._values

    def _get(self, name: str) -> Any:
        return UNKNOWN if self._forgotten else self._values.get(name)

    def _set(self, name: str, value: Any) -> str:
        self._values[name] = value
        return ""

    def _set_x(self, name: str, value: Any) -> str:
        self._values.setdefault(name, value)
        return ""

    def _map_set(self, name: str, entry: str, value: Any) -> str:
        self._map(name)[entry] = value
        return ""

    def _map_set_x(self, name: str, entry: str, value: Any) -> str:
        self._map(name).setdefault(entry, value)
        return ""

    def _map_values(self, name: str) -> Any:
        if self._forgotten:
            return UNKNOWN
        inner = self._values.get(name)
        return [inner[entry] for entry in sorted(inner)] if type(inner) is dict else []

    def _map(self, name: str) -> dict[str, Any]:
        inner = self._values.setdefault(name, {})
        if type(inner) is not dict:
            raise GoError(f"{VALUE} is not a map", quoted(name))
        return inner
