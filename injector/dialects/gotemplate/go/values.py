"""Go's values in Python: the Go type of each, and whether it is true.

Most are Python's own: str, bool, int, float, dict (`map[string]interface {}`), list
(`[]interface {}`), None (nil). A str holds bytes that are not UTF-8 like `surrogateescape`. Where
Go distinguishes types and Python does not, there is a subclass.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from injector.rendering.formats.spelled import Spelled


class Missing:
    """Go's invalid value: no value at all, not even nil."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Unknown:
    """A value that depends on a secret that has not been read yet.

    If `is_certain`, it will be a secret, so that the body of its `with` will be executed.
    """

    __slots__ = ("is_certain",)

    def __init__(self, *, is_certain: bool = False) -> None:
        self.is_certain = is_certain


UNKNOWN = Unknown()


class Number(str):
    """Go's json.Number: a number as written in the JSON. Its kind is string."""

    __slots__ = ()


class Int64(int):
    """Go's int64, which is not the same type as int."""

    __slots__ = ()


class Uint64(int):
    """Go's uint64."""

    __slots__ = ()


class Byte(int):
    """Go's uint8: the result of indexing a string."""

    __slots__ = ()


class Rune(int):
    """Go's int32: a character in a range over a string."""

    __slots__ = ()


class Strings(list[str]):
    """Go's []string."""

    __slots__ = ()


class NilStrings(Strings):
    """A nil []string: empty, and null in JSON."""

    __slots__ = ()


class Ints(list[int]):
    """Go's []int."""

    __slots__ = ()


class NamedSlice(list[Any]):
    """A slice of a named type."""

    __slots__ = ()
    type_name: ClassVar[str]


class StringMap(dict[str, str]):
    """Go's map[string]string."""

    __slots__ = ()


class AnyMap(dict[Any, Any]):
    """Go's map[interface {}]interface {}, as returned for YAML."""

    __slots__ = ()


class Channel:
    """Go's <-chan int64: yields each of its numbers once."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self.numbers = numbers


class Struct:
    """A Go struct (or a pointer to one): fields in order, and methods."""

    __slots__ = ("fields", "methods", "type_name")

    def __init__(
        self,
        type_name: str,
        fields: Mapping[str, Any],
        methods: Mapping[str, Any] | None = None,  # functions
    ) -> None:
        self.type_name = type_name
        self.fields = fields
        self.methods = methods or {}


class NilPointer:
    """Go's nil pointer to a struct; it prints as `<nil>`, unlike an untyped nil."""

    def __bool__(self) -> bool:
        return False


NIL_POINTER = NilPointer()

# The Go type and kind of each Python type.
_TYPES: dict[type, tuple[str, str]] = {
    str: ("string", "string"),
    Number: ("json.Number", "string"),
    bool: ("bool", "bool"),
    int: ("int", "int"),
    Int64: ("int64", "int"),
    Rune: ("int32", "int"),
    Uint64: ("uint64", "uint"),
    Byte: ("uint8", "uint"),
    float: ("float64", "float"),
    dict: ("map[string]interface {}", "map"),
    StringMap: ("map[string]string", "map"),
    AnyMap: ("map[interface {}]interface {}", "map"),
    list: ("[]interface {}", "slice"),
    Strings: ("[]string", "slice"),
    NilStrings: ("[]string", "slice"),
    Ints: ("[]int", "slice"),
    Channel: ("<-chan int64", "chan"),
    NilPointer: ("*dependency.Secret", "ptr"),
    type(None): ("<nil>", "invalid"),
    Missing: ("<nil>", "invalid"),
}


def type_of(value: Any) -> str:
    """Return the name of the value's Go type."""
    known = _TYPES.get(type(value))
    if known is not None:
        return known[0]
    return value.type_name if isinstance(value, Struct | NamedSlice) else "interface {}"


def kind_of(value: Any) -> str:
    """Return the value's kind: all integers are `int` or `uint`, no value is `invalid`."""
    known = _TYPES.get(type(value))
    if known is not None:
        return known[1]
    if isinstance(value, NamedSlice):
        return "slice"
    return "struct" if isinstance(value, Struct) else "invalid"


def is_true(value: Any) -> bool:
    """Return whether `if` considers a value true: zero and empty values are false."""
    if isinstance(value, Struct | Channel):
        return True
    return bool(value) and value is not MISSING


def truth_of(value: Any) -> bool | None:
    """Return whether `if` considers a value true; None if the value is unknown."""
    if type(value) is Unknown:
        return True if value.is_certain else None
    return is_true(value)


def of_json(value: Any) -> Any:
    """Return a JSON value as in Vault's client: every number is a json.Number."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if isinstance(value, Mapping):
        return {key: of_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [of_json(item) for item in value]
    if isinstance(value, Spelled):
        return Number(value.text)
    if isinstance(value, int):
        return Number(value)
    # A number that is not Spelled is formatted by Python.
    return Number(repr(value)) if isinstance(value, float) else value


def length_of(value: Any) -> int:
    """Return the length of a value in Go, which counts the bytes of a string."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(bytes_of(value))
    return 0 if isinstance(value, Channel) else len(value)


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# Go orders keys of several types by the addresses of these types.
_RANKS = {"invalid": 0, "string": 1, "int": 2, "uint": 3, "float": 4, "bool": 5}


def key_order(value: Mapping[Any, Any]) -> list[Any]:
    """Return the keys in the order in which Go prints a map and ranges over it."""
    if type(value) is not AnyMap:
        return sorted(value, key=_by_bytes) if not _all_ascii(value) else sorted(value)
    return sorted(value, key=lambda key: (_RANKS.get(kind_of(key), 6), key or 0))


def _all_ascii(value: Mapping[Any, Any]) -> bool:
    return all(isinstance(key, str) and key.isascii() for key in value)


def _by_bytes(key: Any) -> Any:
    return bytes_of(key) if isinstance(key, str) else key
