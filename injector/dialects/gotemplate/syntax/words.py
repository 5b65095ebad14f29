"""Reads the words inside an action, like Go's lexer."""

import re
from collections.abc import Callable
from functools import cache

from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.syntax.tokens import KEYWORDS, TokenKind

SPACES = " \t\r\n"
_WORD = re.compile(r"\w*")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_SIGNS = {
    "=": TokenKind.ASSIGN,
    "|": TokenKind.PIPE,
    "(": TokenKind.LEFT_PAREN,
    ")": TokenKind.RIGHT_PAREN,
}
_LITERALS = {
    '"': (re.compile(r'"(?:\\[^\n]|[^"\\\n])*"'), TokenKind.STRING, "quoted string"),
    "'": (re.compile(r"'(?:\\[^\n]|[^'\\\n])*'"), TokenKind.CHARACTER, "character constant"),
    "`": (re.compile(r"`[^`]*`"), TokenKind.RAW_STRING, "raw quoted string"),
}
Word = tuple[TokenKind, int]  # its kind, and where it ends


class UnreadableError(ValueError):
    """No valid word begins here; the message is Go's."""


def word(  # noqa: C901, PLR0911 - one line for each kind of word
    source: str, position: int, right: str
) -> Word:
    """Read the word that begins here, which is not a space; `right` is the right delimiter."""
    char = source[position : position + 1]
    if not char:
        raise UnreadableError("unclosed action")
    if char in _SIGNS:
        return _SIGNS[char], position + 1
    if char in _LITERALS:
        return _literal(source, position, *_LITERALS[char])
    if char == ":":
        if source.startswith(":=", position):
            return TokenKind.DECLARE, position + 2
        raise UnreadableError("expected :=")
    if char == "$":
        return _name(source, position, TokenKind.VARIABLE, right)
    after = source[position + 1 : position + 2]
    if char == "." and after and after not in "0123456789":
        return _name(source, position, TokenKind.FIELD, right)
    if char in "+-.0123456789":
        return _number(source, position)
    if char.isalnum() or char == "_":
        return _name(source, position, TokenKind.IDENTIFIER, right)
    if " " < char <= "~":
        return TokenKind.CHAR, position + 1
    raise UnreadableError(f"unrecognized character in action: {_unicode(char)}")


def _literal(
    source: str, position: int, pattern: "re.Pattern[str]", kind: TokenKind, what: str
) -> Word:
    match = pattern.match(source, position)
    if match is None:
        raise UnreadableError(f"unterminated {what}")
    return kind, match.end()


def _name(source: str, position: int, kind: TokenKind, right: str) -> Word:
    """Read a field, a variable, a keyword or an identifier."""
    match = _WORD.match(source, position + (kind is not TokenKind.IDENTIFIER))
    assert match is not None
    end = match.end()
    if not _may_end(right)(source, end):
        raise UnreadableError(f"bad character {_unicode(source[end])}")
    text = source[position:end]
    if text == ".":
        return TokenKind.DOT, end
    if kind is TokenKind.IDENTIFIER:
        kind = KEYWORDS.get(text, TokenKind.BOOL if text in ("true", "false") else kind)
    return kind, end


def _number(source: str, position: int) -> Word:
    match = _NUMBER.match(source, position)
    assert match is not None
    end, kind = match.end(), TokenKind.NUMBER
    if source[end : end + 1] in ("+", "-"):
        imaginary = _NUMBER.match(source, end)
        assert imaginary is not None
        end, kind = imaginary.end(), TokenKind.COMPLEX
    goes_on = source[end : end + 1].isalnum() or source[end : end + 1] == "_"
    if goes_on or (kind is TokenKind.COMPLEX and source[end - 1] != "i"):
        raise UnreadableError(f"bad number syntax: {quoted(source[position : end + goes_on])}")
    return kind, end


def _unicode(char: str) -> str:
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


@cache
def _may_end(right: str) -> Callable[[str, int], bool]:
    """Return a function that returns whether a name may end at a position."""
    pattern = re.compile(rf"[ \t\r\n.,|:)(]|\Z|{re.escape(right)}")
    return lambda source, position: pattern.match(source, position) is not None
