"""What templates see: read-only views of secrets, and markers for missing ones.

The engine reaches every attribute without a leading underscore that a key does not hide, so these
classes have none but those of a mapping or sequence.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from injector.rendering.formats.text import encodable
from injector.rendering.template.reading import Miss, Reading

A_MAP = "a map cannot be printed; name a key in it, or use `tojson`"
A_LIST = "a list cannot be printed; use `join` or `tojson`"


class Marker(Mapping[str, Any]):
    """Stands for a secret that is not in the snapshot, and for everything in it.

    The rendering continues, to find what else is missing; its result is discarded.
    """

    __slots__ = ("_reading",)

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __getitem__(self, _key: object) -> "Marker":
        self._reading.marker_used()
        return self

    def __call__(self, *_: object, **__: object) -> "Marker":
        self._reading.marker_used()
        return self

    def __getattr__(self, name: str) -> "Marker":
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        self._reading.marker_leaked()
        return iter(())

    def __len__(self) -> int:
        self._reading.marker_leaked()
        return 0

    def __str__(self) -> str:
        self._reading.marker_leaked()
        return ""


class View(Mapping[str, Any]):
    """A secret, or a map in it. A null counts as absent, so `default` covers both."""

    __slots__ = ("_data", "_place", "_reading")

    def __init__(self, data: Mapping[str, Any], place: str, reading: Reading) -> None:
        self._data = data
        self._place = place
        self._reading = reading

    def __getitem__(self, key: str) -> Any:
        if isinstance(key, Marker):
            return key[self]
        value = self._data.get(key)
        if value is None:
            is_null = key in self._data
            self._reading.missed = Miss(self._place, str(key), self._data, is_null=is_null)
            raise KeyError
        return seen(value, f"{key!r} of {self._place}", self._reading)

    def __iter__(self) -> Iterator[str]:
        return (key for key, value in self._data.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        self._reading.misprinted(A_MAP)
        return ""


class Items(Sequence[Any]):
    """A list in a secret."""

    __slots__ = ("_data", "_place", "_reading")

    def __init__(self, data: Sequence[Any], place: str, reading: Reading) -> None:
        self._data = data
        self._place = place
        self._reading = reading

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, Marker):
            return index[self]
        try:
            value = self._data[index]
        except (IndexError, TypeError):
            self._reading.missed = Miss(self._place, str(index), what="item")
            raise IndexError from None
        return seen(value, f"an item of {self._place}", self._reading)

    def __len__(self) -> int:
        return len(self._data)

    def __str__(self) -> str:
        self._reading.misprinted(A_LIST)
        return ""


class Nothing(Mapping[str, Any]):
    """A null in a list, or an optional secret that does not exist: false, empty, `none`."""

    __slots__ = ("_reading", "_why")

    def __init__(self, why: str, reading: Reading) -> None:
        self._why = why
        self._reading = reading

    def __getitem__(self, key: str) -> Any:
        self._reading.missed = Miss("", key, why=self._why)
        raise KeyError

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        self._reading.misprinted(self._why)
        return ""


def seen(value: Any, place: str, reading: Reading) -> Any:
    """Return a value as a template may see it."""
    if isinstance(value, Mapping):
        return View(value, place, reading)
    if isinstance(value, list | tuple):
        return Items(value, place, reading)
    if value is None:
        return Nothing(f"{place} is null", reading)
    # The engine would write a lone surrogate as three replacement characters.
    return encodable(value) if isinstance(value, str) and not value.isascii() else value


def plain(value: Any) -> Any:
    """Return the JSON value behind what a template holds, nulls included."""
    if isinstance(value, Marker):
        return str(value)
    if isinstance(value, Nothing):
        return None
    if isinstance(value, View | Items):
        data = value._data  # noqa: SLF001 - hidden from templates, not from here
        return dict(data) if isinstance(data, Mapping) else data
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
