"""Parses a document of HCL 1: commas are optional in objects and required in lists."""

from collections.abc import Iterator

from injector.base.errors import ConfigError
from injector.config.document import lines_of
from injector.config.excerpt import Line
from injector.config.problem import Problem
from injector.dialects.hcl.json import parse_json
from injector.dialects.hcl.literals import literal, text
from injector.dialects.hcl.tokens import Token, TokenKind, tokens
from injector.dialects.hcl.tree import Item, List, Object, SyntaxFault, Value

# Deeper than any configuration; errors at Python's own limit would have no line.
DEEPEST = 50

_KEYS = (TokenKind.IDENTIFIER, TokenKind.STRING)
_LITERALS = (
    TokenKind.STRING,
    TokenKind.HEREDOC,
    TokenKind.WHOLE,
    TokenKind.FLOAT,
    TokenKind.BOOLEAN,
)


def parse(file: str, source: str) -> Object:
    """Parse a document; one that begins with a brace is JSON.

    Raises ConfigError with file, line and column.
    """
    if source.lstrip().startswith("{"):
        return parse_json(file, source)
    try:
        return parse_hcl(source)
    except SyntaxFault as fault:
        place = Line(fault.line, fault.column)
        raise ConfigError(Problem(place, (), str(fault)).within(file, lines_of(source))) from None


def parse_hcl(source: str) -> Object:
    """Parse a document; raises SyntaxFault."""
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        raise SyntaxFault(line, 1, "NUL characters are not allowed")
    return _Parser(tokens(source.replace("\r\n", "\n"))).document()


class _Parser:
    def __init__(self, found: Iterator[Token]) -> None:
        self._tokens = found
        self._token = next(found)
        self._glued = False  # whether the current token directly follows the one before it
        self._depth = 0

    def document(self) -> Object:
        items = self._items(TokenKind.END)
        return Object(items, 1)

    def _next(self) -> Token:
        """Return the current token, and advance to the next."""
        token = self._token
        if token.kind is not TokenKind.END:
            self._token = after = next(self._tokens)
            self._glued = (after.line, after.column) == (token.line, token.column + len(token.text))
        return token

    def _items(self, end: TokenKind) -> tuple[Item, ...]:
        items = []
        while self._token.kind is not end:
            items.append(self._item())
            if self._token.kind is TokenKind.COMMA:
                self._next()
        self._next()
        return tuple(items)

    def _item(self) -> Item:
        is_rest = self._glued
        keys = [self._key()]
        while self._token.kind in _KEYS:
            keys.append(self._next())
        name, *labels = (
            token.text if token.kind is TokenKind.IDENTIFIER else text(token) for token in keys
        )
        if self._token.kind is TokenKind.OPEN_BRACE:
            return Item(name, tuple(labels), self._value(), keys[0].place)
        if len(keys) > 1 and keys[1].kind is TokenKind.STRING and keys[1].line == keys[0].line:
            place = keys[1].place
            said = f"there is no '=' after {_named(name)}; add it"
            raise SyntaxFault(place, place.column, said)
        if self._token.kind is not TokenKind.ASSIGN:
            behind = "a number; strings need quotes" if is_rest else _named(name)
            raise self._unexpected(f"expected '=' or '{{' after {behind}")
        if labels:
            raise self._unexpected(f"expected '{{' after the label of {_named(name)}")
        self._next()
        return Item(name, (), self._value(), keys[0].place)

    def _key(self) -> Token:
        if self._token.kind not in _KEYS:
            raise self._unexpected("expected a name")
        return self._next()

    def _value(self) -> Value:
        token = self._next()
        if token.kind in _LITERALS:
            return literal(token)
        if token.kind not in (TokenKind.OPEN_BRACE, TokenKind.OPEN_BRACKET):
            raise self._unexpected("expected a value", token)
        self._depth += 1
        if self._depth > DEEPEST:
            raise SyntaxFault(token.line, token.column, "nested too deeply")
        value: Value
        if token.kind is TokenKind.OPEN_BRACE:
            value = Object(self._inside(token), token.place)
        else:
            value = List(self._list(), token.place)
        self._depth -= 1
        return value

    def _inside(self, opening: Token) -> tuple[Item, ...]:
        """Return the items of a block; raises SyntaxFault at its beginning if it has no end."""
        try:
            return self._items(TokenKind.CLOSE_BRACE)
        except SyntaxFault:
            if self._token.kind is not TokenKind.END:
                raise
            said = "this '{' is never closed; add '}' where the block ends"
            raise SyntaxFault(opening.line, opening.column, said) from None

    def _list(self) -> tuple[Value, ...]:
        values: list[Value] = []
        while self._token.kind is not TokenKind.CLOSE_BRACKET:
            if self._token.kind is TokenKind.COMMA:  # stray ones are allowed
                self._next()
                continue
            values.append(self._value())
            if self._token.kind not in (TokenKind.COMMA, TokenKind.CLOSE_BRACKET):
                raise self._unexpected("expected ',' or ']' in a list")
        self._next()
        return tuple(values)

    def _unexpected(self, expected: str, token: Token | None = None) -> SyntaxFault:
        found = token or self._token
        return SyntaxFault(found.line, found.column, f"{expected}, got {_shown(found)}")


def _named(name: str) -> str:
    return f"'{name}'" if name.isprintable() else "a name"


def _shown(token: Token) -> str:
    """Describe a token without quoting it: it may be a secret, even if it is not in quotes."""
    if token.kind is TokenKind.IDENTIFIER:
        return "a name (strings need quotes)"
    return token.kind.value
