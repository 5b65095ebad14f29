"""The syntax tree of HCL, with the line of every element, which knows its column."""

from dataclasses import dataclass, field


class SyntaxFault(Exception):
    """The text is not valid HCL; the message says what was expected, without quoting values."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean; `written` is the source, except for strings."""

    value: str | int | float | bool
    line: int
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class List:
    """A list in brackets."""

    items: "tuple[Value, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Object:
    """Values by key; a key may occur more than once."""

    items: "tuple[Item, ...]"
    line: int


Value = Literal | List | Object


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of an object; `method "approle" {…}` has a label after its key."""

    key: str
    labels: tuple[str, ...]
    value: Value
    line: int
