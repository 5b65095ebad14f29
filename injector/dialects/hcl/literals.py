"""Values of tokens: escapes, numbers and the odd indentation rules of heredocs."""

import math
import re

from injector.dialects.hcl.tokens import Token, TokenKind
from injector.dialects.hcl.tree import Literal, SyntaxFault

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
_HIGHEST_ASCII = 0x7F
_HIGHEST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)  # each is half of a character
_MOST_DIGITS = 100  # with leading zeros; Python refuses to read thousands
_LARGEST = 2**63


def literal(token: Token) -> Literal:
    """Return the value of a literal token; raises SyntaxFault."""
    match token.kind:
        case TokenKind.STRING:
            return Literal(text(token), token.place)
        case TokenKind.HEREDOC:
            return Literal(_heredoc(token.text), token.place)
        case TokenKind.BOOLEAN:
            return Literal(token.text == "true", token.place, token.text)
        case TokenKind.FLOAT:
            return Literal(_fraction(token), token.place, token.text)
        case _:
            return Literal(_whole(token), token.place, token.text)


def text(token: Token) -> str:
    """Return a string without its quotes; `${…}` is copied verbatim, including escapes in it."""
    quoted = token.text[1:-1]
    if "\\" not in quoted:
        return quoted
    parts: list[str] = []
    at = 0
    while at < len(quoted):
        start = quoted.find("${", at)
        end = len(quoted) if start < 0 else start
        parts.append(_ESCAPE.sub(lambda match: _character(token, match), quoted[at:end]))
        at = end if start < 0 else _past_braces(quoted, start)
        parts.append(quoted[end:at])
    return "".join(parts)


def _past_braces(quoted: str, start: int) -> int:
    depth, at = 1, start + len("${")
    while depth:
        depth += (quoted[at] == "{") - (quoted[at] == "}")
        at += 1
    return at


def _character(token: Token, match: re.Match[str]) -> str:
    byte, short, long, octal, plain = match.groups()
    if plain is not None:
        return _ESCAPES.get(plain, plain)
    if byte or octal:
        code = int(byte, 16) if byte else int(octal, 8)
        if code > _HIGHEST_ASCII:
            raise _fault(token, rf"{match[0]} is only part of a character: write \u{code:04x}")
        return chr(code)
    code = int(short or long, 16)
    if code > _HIGHEST_CHARACTER:
        raise _fault(token, f"{match[0]} is not a character")
    return "\N{REPLACEMENT CHARACTER}" if code in _SURROGATES else chr(code)


def _heredoc(written: str) -> str:
    r"""Return the lines of a heredoc.

    The last newline is kept, followed by the closing word's indentation. `<<-` instead removes
    that indentation from every line, if every line has it, and otherwise from none.
    """
    begin, _, rest = written.partition("\n")
    lines = rest.removesuffix("\n").split("\n")
    closing = lines.pop()
    indent = closing[: len(closing) - len(closing.lstrip())]
    body = "".join(f"{line}\n" for line in lines)
    if not begin.startswith("<<-"):
        return body + indent
    if all(line.startswith(indent) for line in lines):
        return "".join(f"{line.removeprefix(indent)}\n" for line in lines)
    return body


def _whole(token: Token) -> int:
    digits = token.text.lower().lstrip("-")
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    number = int(digits, base) if len(digits) <= _MOST_DIGITS else _LARGEST
    if number >= _LARGEST:
        raise _fault(token, "this number is too large")
    return -number if token.text.startswith("-") else number


def _fraction(token: Token) -> float:
    number = float(token.text)
    if math.isinf(number):
        raise _fault(token, "this number is too large")
    return number


def _fault(token: Token, why: str) -> SyntaxFault:
    return SyntaxFault(token.line, token.column, why)
