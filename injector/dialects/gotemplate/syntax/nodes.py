"""The syntax tree of a template. The str of a node is the same as in Go, because errors quote it.

Nodes are named tuples: a template has dozens, and frozen dataclasses take three times as long.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from injector.dialects.gotemplate.go.quoting import quoted


class Text(NamedTuple):
    """Text between actions."""

    start: int
    text: str


class Dot(NamedTuple):
    """The cursor."""

    start: int

    def __str__(self) -> str:
        return "."


class Nil(NamedTuple):
    """The word nil."""

    start: int

    def __str__(self) -> str:
        return "nil"


class Bool(NamedTuple):
    """True or false."""

    start: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


class Number(NamedTuple):
    """A numeric constant; each member is its value in that type, None if it does not fit."""

    start: int
    text: str
    as_int: int | None
    as_uint: int | None
    as_float: float | None

    @property
    def is_float(self) -> bool:
        """Return whether the number is written as a float."""
        text = self.text.lower()
        if text.startswith("'") or (text.lstrip("+-").startswith("0x") and "p" not in text):
            return False
        return any(char in text for char in ".ep")

    def __str__(self) -> str:
        return self.text


class String(NamedTuple):
    """A string constant; `literal` is its source."""

    start: int
    literal: str
    text: str

    def __str__(self) -> str:
        return self.literal


class Identifier(NamedTuple):
    """The name of a function."""

    start: int
    name: str

    def __str__(self) -> str:
        return self.name


class Field(NamedTuple):
    """One or more keys, looked up in the cursor."""

    start: int
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{key}" for key in self.keys)


class Variable(NamedTuple):
    """A variable, and keys looked up in it."""

    start: int
    name: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.keys))


class Chain(NamedTuple):
    """Keys, looked up in the result of a parenthesis or function."""

    start: int
    node: "Operand"
    keys: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{key}" for key in self.keys)


class Command(NamedTuple):
    """A function or value, and its arguments."""

    start: int
    arguments: tuple["Operand", ...]

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.arguments)


class Pipe(NamedTuple):
    """Commands, each of which gets the result of the one before as its last argument."""

    start: int
    commands: tuple[Command, ...]
    variables: tuple[Variable, ...] = ()
    assigns: bool = False

    def __str__(self) -> str:
        text = " | ".join(map(str, self.commands))
        if not self.variables:
            return text
        return f"{', '.join(map(str, self.variables))} {'=' if self.assigns else ':='} {text}"


class Action(NamedTuple):
    """A pipeline, which is printed unless it declares or assigns."""

    start: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class Branch(NamedTuple):
    """`if`, `with` or `range`."""

    start: int
    word: str
    pipe: Pipe
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...] | None = None


class Jump(NamedTuple):
    """`break` or `continue`."""

    start: int
    word: str


class Call(NamedTuple):
    """`template`: executes another template."""

    start: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {quoted(self.name)}{f' {self.pipe}' if self.pipe else ''}}}}}"


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """The templates of one source by name, including the source itself."""

    name: str
    source: str = field(repr=False)
    templates: dict[str, tuple["Node", ...]]


Operand: TypeAlias = (
    Dot | Nil | Bool | Number | String | Identifier | Field | Variable | Chain | Pipe
)
Node: TypeAlias = Text | Action | Branch | Jump | Call
