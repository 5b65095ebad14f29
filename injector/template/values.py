"""The objects a template sees: read-only views of secrets, markers for what is not there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from injector.secret import Ref


@dataclass(slots=True)
class Misses:
    """The last key that was asked for and is not there: for the error, if there is one."""

    ref: Ref | None = None
    key: str = ""
    known: tuple[str, ...] = ()


class View(Mapping[str, Any]):
    """A secret, or a mapping in it. Read-only; a null is as good as absent.

    Attributes with a leading underscore cannot be reached from a template.
    """

    __slots__ = ("_data", "_misses", "_prefix", "_ref")

    def __init__(self, data: Mapping[str, Any], ref: Ref, misses: Misses, prefix: str = "") -> None:
        self._data = data
        self._ref = ref
        self._misses = misses
        self._prefix = prefix

    def __getitem__(self, key: str) -> Any:
        value = self._data.get(key)
        if value is None:
            self._misses.ref = self._ref
            self._misses.key = f"{self._prefix}{key}"
            self._misses.known = tuple(self)
            raise KeyError(key)
        return self._seen(key, value)

    def __iter__(self) -> Iterator[str]:
        return (key for key, value in self._data.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _seen(self, key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return View(value, self._ref, self._misses, f"{self._prefix}{key}.")
        if isinstance(value, list):
            return tuple(self._seen(f"{key}[{index}]", item) for index, item in enumerate(value))
        return value


class Marker:
    """Stands for a secret that is not in the snapshot; touching it records that it is lacking.

    Whatever a render does with it, the result is thrown away: only the record counts.
    """

    __slots__ = ("_touch",)

    def __init__(self, touch: Callable[[], None]) -> None:
        self._touch = touch

    def __getattr__(self, name: str) -> "Marker":
        # The engine asks every object for `items`, to see whether it is a mapping.
        if name.startswith("_") or name == "items":
            raise AttributeError(name)
        return self._again()

    def __getitem__(self, key: Any) -> "Marker":
        return self._again()

    def __call__(self, *_: Any, **__: Any) -> "Marker":
        return self._again()

    def __iter__(self) -> Iterator[Any]:
        self._touch()
        return iter(())

    def __len__(self) -> int:
        self._touch()
        return 0

    def __bool__(self) -> bool:
        self._touch()
        return True

    def __str__(self) -> str:
        self._touch()
        return ""

    def _again(self) -> "Marker":
        self._touch()
        return self


class ValueNotPrintable(Exception):
    """Something was printed that has no text; says what, never the value itself."""


@dataclass(slots=True)
class Lookups:
    """What one render has asked for."""

    lacking: set[Ref] = field(default_factory=set)
    used: set[Ref] = field(default_factory=set)
    misses: Misses = field(default_factory=Misses)


def printed(value: Any) -> Any:
    """Return the text of a value, or refuse: never Python's idea of it.

    The engine calls this for everything that a template prints.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Marker):
        return value
    if value is None:
        _refuse("nothing (none): give it a `default(…)`")
    if isinstance(value, bytes):
        _refuse("bytes: use `format: raw`")
    if isinstance(value, Mapping):
        _refuse("a map: name a key in it, or use `tojson`")
    if isinstance(value, list | tuple):
        _refuse("a list: use `join` or `tojson`")
    return _refuse(f"a {type(value).__name__}, which has no text")


def _refuse(what: str) -> NoReturn:
    raise ValueNotPrintable(f"this prints {what}")
