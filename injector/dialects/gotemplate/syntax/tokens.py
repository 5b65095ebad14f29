"""The tokens of a template, and where they stand."""

from enum import Enum, auto
from typing import NamedTuple

from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.go.values import bytes_of

_SHOWN = 10  # characters of a token in an error


class TokenKind(Enum):
    """The kind of a token."""

    ERROR = auto()
    BOOL = auto()
    CHAR = auto()  # printable ASCII without a meaning, except for the comma
    CHARACTER = auto()  # a character constant
    COMPLEX = auto()
    ASSIGN = auto()
    DECLARE = auto()
    EOF = auto()
    FIELD = auto()
    IDENTIFIER = auto()
    LEFT_DELIM = auto()
    LEFT_PAREN = auto()
    NUMBER = auto()
    PIPE = auto()
    RAW_STRING = auto()
    RIGHT_DELIM = auto()
    RIGHT_PAREN = auto()
    SPACE = auto()
    STRING = auto()
    TEXT = auto()
    VARIABLE = auto()
    BLOCK = "block"
    BREAK = "break"
    CONTINUE = "continue"
    DOT = "."
    DEFINE = "define"
    ELSE = "else"
    END = "end"
    IF = "if"
    NIL = "nil"
    RANGE = "range"
    TEMPLATE = "template"
    WITH = "with"


KEYWORDS = {kind.value: kind for kind in TokenKind if isinstance(kind.value, str)}


class Token(NamedTuple):
    """One token; `start` counts characters of the source."""

    kind: TokenKind
    text: str
    start: int

    def __str__(self) -> str:
        if self.kind is TokenKind.EOF:
            return "EOF"
        if self.kind is TokenKind.ERROR:
            return self.text
        if isinstance(self.kind.value, str):
            return f"<{self.text}>"
        if len(self.text) > _SHOWN:
            return f"{quoted(self.text[:_SHOWN])}..."
        return quoted(self.text)


def line_and_column(source: str, start: int) -> tuple[int, int]:
    """Return the line, and the column in bytes starting at 0, as in Go."""
    line_start = source.rfind("\n", 0, start) + 1
    return source.count("\n", 0, start) + 1, len(bytes_of(source[line_start:start]))
