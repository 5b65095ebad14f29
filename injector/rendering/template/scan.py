"""Splits a template's source into tags, and those into words.

MiniJinja keeps its syntax tree to itself. This follows its lexer exactly as far as needed to know
which words are code: not text, not comment, not raw, not inside a string.
"""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

_WORDS = r"""
    | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
    | \d[\d_]* (?: \.\d+ )? (?: [eE][+-]?\d+ )?
    | \w+
    | [=!<>]= | // | \*\* | \S
"""
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


class Tag(Struct, frozen=True):
    """One `{{ … }}` or `{% … %}`: where it starts, and its words without the delimiters."""

    start: int
    words: tuple[str, ...]
    statement: str  # `if`, `for`, …; empty for `{{ … }}`


def tags(text: str, left: str, right: str) -> Iterator[Tag]:
    """Yield the tags of a template in order; `left` and `right` delimit variables."""
    opening, position = _opening(left), 0
    while match := opening.search(text, position):
        if match[0] == "{#":
            end = text.find("#}", match.end())
            if end < 0:
                return
            position = end + 2
            continue
        is_statement = match[0] == "{%"
        words, position = _words(text, match.end(), "%}" if is_statement else right)
        if words == ["raw"] and is_statement:
            end_of_raw = _END_OF_RAW.search(text, position)
            if end_of_raw is None:
                return
            position = end_of_raw.end()
            continue
        statement = words[0] if is_statement and words else ""
        yield Tag(match.start(), tuple(words), statement)


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    return line_at(text, offset), offset - text.rfind("\n", 0, offset)


def is_name(word: str) -> bool:
    return word.isidentifier()


def is_string(word: str) -> bool:
    return word[0] in "\"'"


def is_literal(word: str) -> bool:
    return is_string(word) or word[0].isdigit()


def _words(text: str, position: int, closing: str) -> tuple[list[str], int]:
    """Return the words of one tag and where the text goes on."""
    if text[position : position + 1] in ("-", "+"):
        position += 1
    words: list[str] = []
    word, depth = _word(closing), 0
    while match := word.search(text, position):
        found, position = match[0], match.end()
        if match["closing"] is not None:
            if depth == 0:
                break
            # `}}` can be the end of two maps: the engine closes a tag outside of brackets only.
            found, position = found[0], match.start() + 1
        if found in _OPENS:
            depth += 1
        elif found in _CLOSES:
            depth -= 1
        words.append(found)
    return words, position


@cache
def _opening(left: str) -> re.Pattern[str]:
    longest_first = sorted({left, "{%", "{#"}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


@cache
def _word(closing: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<closing>[-+]?{re.escape(closing)}){_WORDS}", re.VERBOSE | re.DOTALL)
