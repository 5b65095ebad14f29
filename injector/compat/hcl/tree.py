"""What a text in HCL says, with the line of everything in it."""

from dataclasses import dataclass, field


class SyntaxFault(Exception):
    """The text is not HCL; the message says what was expected, without quoting values."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number or a boolean; `written` is how a number stands in the file."""

    value: str | int | float | bool
    line: int
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class List:
    """Values in brackets."""

    items: "tuple[Value, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Object:
    """Values under keys; a key may occur many times."""

    items: "tuple[Item, ...]"
    line: int


Value = Literal | List | Object


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of an object; `method "approle" {…}` has a label behind its key."""

    key: str
    labels: tuple[str, ...]
    value: Value
    line: int
