"""Reads a template's source for the secrets it may need, before anything is rendered.

Values decide what a render reaches, so the source is the only thing that tells everything at once:
names that occur, and `secret("…")` calls whose arguments are all literal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from injector.secret import Ref

TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>[^\s])""",
    re.VERBOSE | re.DOTALL,
)
WORDS = {"true": True, "True": True, "false": False, "False": False}
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a source mentions. `filters` says on which lines each filter is used."""

    names: frozenset[str]
    refs: frozenset[Ref]
    filters: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def scan(text: str, left: str, right: str) -> Found:
    """Return the names, literal reads and filters of a template's source."""
    names: set[str] = set()
    refs: set[Ref] = set()
    filters: dict[str, list[int]] = {}
    for tokens in _expressions(text, left, right):
        for index, token in enumerate(tokens):
            if token.kind != "word":
                continue
            before = tokens[index - 1].text if index else ""
            if before == "|":
                filters.setdefault(token.text, []).append(token.line)
            elif before != ".":
                names.add(token.text)
                if token.text == "secret" and (ref := _literal_call(tokens, index + 1)):
                    refs.add(ref)
    return Found(frozenset(names), frozenset(refs), filters)


def _expressions(text: str, left: str, right: str) -> Iterator[list[_Token]]:
    """Yield the tokens of each expression and statement; comments and raw text have none."""
    opening = re.compile("|".join(map(re.escape, (left, "{%", "{#"))))
    position = 0
    while match := opening.search(text, position):
        start = match.end()
        if match.group() == "{#":
            end = text.find("#}", start)
            position = len(text) if end < 0 else end + 2
            continue
        tokens, position = _tokens(text, start, right if match.group() == left else "%}")
        if [token.text for token in tokens[:1]] == ["raw"] and match.group() == "{%":
            end_raw = re.compile(r"\{%[-+]?\s*endraw").search(text, position)
            position = len(text) if end_raw is None else end_raw.start()
            continue
        yield tokens


def _tokens(text: str, start: int, closing: str) -> tuple[list[_Token], int]:
    """Return the tokens up to `closing`, and where the text goes on."""
    tokens: list[_Token] = []
    position = start
    line = text.count("\n", 0, start) + 1
    while position < len(text):
        if text.startswith(closing, position):
            return tokens, position + len(closing)
        match = TOKEN.match(text, position)
        if match is None:  # white space
            line += text[position] == "\n"
            position += 1
            continue
        tokens.append(_Token(str(match.lastgroup), match.group(), line))
        line += match.group().count("\n")
        position = match.end()
    return tokens, position


def _literal_call(tokens: list[_Token], at: int) -> Ref | None:
    """Return what a call names if all its arguments are literal, else nothing."""
    if at + 1 >= len(tokens) or tokens[at].text != "(" or tokens[at + 1].kind != "string":
        return None
    params: dict[str, Any] = {}
    rest = iter(tokens[at + 2 :])
    for token in rest:
        if token.text == ")":
            return Ref.of(_literal(tokens[at + 1]), params or None)
        if token.text != ",":
            return None
        name, equals, value = next(rest, None), next(rest, None), next(rest, None)
        if name is None or equals is None or value is None:
            return None
        if name.kind != "word" or equals.text != "=" or not _is_literal(value):
            return None
        params[name.text] = _literal(value)
    return None


def _is_literal(token: _Token) -> bool:
    return token.kind in ("string", "number") or token.text in WORDS


def _literal(token: _Token) -> Any:
    if token.kind == "string":
        return ESCAPE.sub(lambda m: ESCAPED.get(m.group(1), m.group(1)), token.text[1:-1])
    if token.kind == "number":
        return float(token.text) if "." in token.text else int(token.text)
    return WORDS[token.text]
