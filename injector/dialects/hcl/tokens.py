"""Splits HCL into tokens: identifiers, numbers, strings, heredocs and punctuation."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from injector.config.excerpt import Line
from injector.dialects.hcl.tree import SyntaxFault


class TokenKind(StrEnum):
    """The kind of a token, and its name in messages."""

    IDENTIFIER = "a name"
    STRING = "a text"
    HEREDOC = "a heredoc"
    WHOLE = "a number"
    FLOAT = "a number with a fraction"
    BOOLEAN = "a boolean"
    OPEN_BRACE = "'{'"
    CLOSE_BRACE = "'}'"
    OPEN_BRACKET = "'['"
    CLOSE_BRACKET = "']'"
    ASSIGN = "'='"
    COMMA = "','"
    END = "the end of the file"


class Token(NamedTuple):
    """One token; `text` is its source."""

    kind: TokenKind
    text: str
    line: int
    column: int

    @property
    def place(self) -> Line:
        """Return its line with the columns that it takes there."""
        return Line(self.line, self.column, len(self.text.partition("\n")[0]))


# White space and comments.
_BETWEEN = re.compile(r"(?:[ \t\n\r]+|(?:#|//)[^\n]*|/\*.*?\*/)*", re.DOTALL)
# The common part of names; letters and digits of other scripts are checked one by one.
_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_NUMBER = re.compile(
    r"-?(?P<hex>0[xX][0-9a-fA-F]*)"
    r"|-?(?:[0-9]+(?P<fraction>\.[0-9]*)?|(?P<bare>\.[0-9]+))(?P<exponent>[eE][-+]?[0-9]*)?"
)
_ESCAPE = re.compile(r'\\(?:[abfnrtv\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})')
# The common part of strings, without special characters.
_PLAIN = re.compile(r'[^"\\\n${}]+')
# Letters and digits of any script are allowed, as in an identifier.
_ANCHOR = re.compile(r"<<(-?)(\w+)\n")
# A key of YAML, up to its colon.
_YAML = re.compile(r"\s*(?:-\s+)?[\w.-]+")
_PUNCTUATION = {
    "{": TokenKind.OPEN_BRACE,
    "}": TokenKind.CLOSE_BRACE,
    "[": TokenKind.OPEN_BRACKET,
    "]": TokenKind.CLOSE_BRACKET,
    "=": TokenKind.ASSIGN,
    ",": TokenKind.COMMA,
}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, then END; lines must end with a single character."""
    scanner = _Scanner(text)
    while True:
        token = scanner.next()
        yield token
        if token.kind is TokenKind.END:
            return


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_start = 0

    def next(self) -> Token:
        self._skip()
        if self._at >= len(self._text):
            return self._token(TokenKind.END, self._at)
        first = self._text[self._at]
        if _is_letter(first):
            return self._identifier()
        if match := _NUMBER.match(self._text, self._at):
            return self._number(match)
        if first == '"':
            return self._string()
        if first == "<":
            return self._heredoc()
        if first in _PUNCTUATION:
            return self._token(_PUNCTUATION[first], self._at + 1)
        if first == ":" and _YAML.fullmatch(self._text[self._line_start : self._at]):
            raise self._fault(
                "this is YAML, in a file with a name for HCL; give it a name that ends in .yaml"
            )
        shown = first if first.isprintable() else f"U+{ord(first):04X}"
        raise self._fault(f"the character {shown!r} is not allowed here; strings need quotes")

    def _skip(self) -> None:
        """Skip white space and comments."""
        if between := _BETWEEN.match(self._text, self._at):
            self._advance(between.end())
        if self._text.startswith("/", self._at):
            raise self._fault(
                "a comment that begins with '/*' is not closed"
                if self._text.startswith("/*", self._at)
                else "a comment begins with '#', '//' or '/*'"
            )

    def _identifier(self) -> Token:
        end = self._at + 1
        while name := _NAME.match(self._text, end):
            end = name.end()
            if not _goes_on(self._text[end : end + 1]):
                break
            end += 1
        word = self._text[self._at : end]
        return self._token(
            TokenKind.BOOLEAN if word in ("true", "false") else TokenKind.IDENTIFIER, end
        )

    def _number(self, match: re.Match[str]) -> Token:
        if match["hex"] and len(match["hex"]) == len("0x"):
            raise self._fault("'0x' must be followed by hexadecimal digits")
        if match["exponent"] and not match["exponent"][-1].isdigit():
            raise self._fault("an exponent needs digits")
        is_float = match["fraction"] or match["bare"] or match["exponent"]
        digits = match[0].lstrip("-")
        if not is_float and not match["hex"] and digits[0] == "0" and set(digits) & {"8", "9"}:
            raise self._fault("a number that begins with 0 is octal: its digits are 0 to 7")
        return self._token(TokenKind.FLOAT if is_float else TokenKind.WHOLE, match.end())

    def _string(self) -> Token:
        """Read up to the closing quote; quotes and newlines inside `${…}` do not end the string."""
        at, braces = self._at + 1, 0
        while True:
            if plain := _PLAIN.match(self._text, at):
                at = plain.end()
            char = self._text[at : at + 1]
            if not char or (char == "\n" and not braces):
                raise self._fault("a string is not closed: its '\"' is missing")
            if char == '"' and not braces:
                return self._token(TokenKind.STRING, at + 1)
            if not braces and self._text.startswith("${", at):
                braces, at = 1, at + 2
                continue
            braces += (char == "{") - (char == "}") if braces else 0
            if char == "\\":
                at = self._escape(at)
            else:
                at += 1

    def _escape(self, at: int) -> int:
        match = _ESCAPE.match(self._text, at)
        if match is None:
            self._advance(at)
            raise self._fault(
                r"a backslash in a string begins an escape such as \n, \t, \\ or \"; "
                r"write \\ for a backslash"
            )
        return match.end()

    def _heredoc(self) -> Token:
        match = _ANCHOR.match(self._text, self._at)
        if match is None:
            raise self._fault("a heredoc begins with '<<' and a word at the end of the line: <<EOF")
        dash, word = match.groups()
        # As in HashiCorp's parser, the closing word of `<<-EOF` must be indented.
        indent = r"[ \t\v\f\r]+" if dash else r"[ \t\v\f\r]*"
        closing = re.compile(rf"^{indent}{word}\r*\n", re.MULTILINE).search(self._text, match.end())
        if closing is None:
            hint = ", indented as `<<-` requires," if dash else ""
            raise self._fault(
                f"a heredoc is not closed: it ends with '{word}'{hint} alone on a line"
            )
        return self._token(TokenKind.HEREDOC, closing.end())

    def _token(self, kind: TokenKind, end: int) -> Token:
        token = Token(kind, self._text[self._at : end], self._line, self._at - self._line_start + 1)
        self._advance(end)
        return token

    def _advance(self, to: int) -> None:
        passed = self._text.count("\n", self._at, to)
        if passed:
            self._line += passed
            self._line_start = self._text.rindex("\n", self._at, to) + 1
        self._at = to

    def _fault(self, why: str) -> SyntaxFault:
        return SyntaxFault(self._line, self._at - self._line_start + 1, why)


def _is_letter(char: str) -> bool:
    return char == "_" or char.isalpha()


def _goes_on(char: str) -> bool:
    """Return whether a name continues with a letter or digit of another script."""
    return char.isalpha() or char.isdecimal()
