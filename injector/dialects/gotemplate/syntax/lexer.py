"""Splits a template into text, comments and actions, like Go's lexer."""

from injector.dialects.gotemplate.syntax.tokens import Token, TokenKind
from injector.dialects.gotemplate.syntax.words import SPACES, UnreadableError, word

_TRIM = 2  # a trim marker and its space
_SPACES = frozenset(SPACES)


def tokens(source: str, left: str, right: str) -> list[Token]:
    """Return all tokens; the last one is EOF or an error."""
    return _Lexer(source, left or "{{", right or "}}").run()


class _Lexer:
    def __init__(self, source: str, left: str, right: str) -> None:
        self._source = source
        self._left = left
        self._right = right
        self._position = 0
        self._depth = 0  # open parentheses
        self._found: list[Token] = []

    def run(self) -> list[Token]:
        try:
            while self._text():
                self._action()
        except UnreadableError as error:
            self._found.append(Token(TokenKind.ERROR, str(error), self._position))
        else:
            self._found.append(Token(TokenKind.EOF, "", self._position))
        return self._found

    def _add(self, kind: TokenKind, end: int) -> None:
        self._found.append(Token(kind, self._source[self._position : end], self._position))
        self._position = end

    def _text(self) -> bool:
        """Add the text up to the next action and its delimiter; return whether there is one."""
        source = self._source
        while True:
            opening = source.find(self._left, self._position)
            if opening < 0:
                if self._position < len(source):
                    self._add(TokenKind.TEXT, len(source))
                return False
            inside = opening + len(self._left)
            trims = source[inside : inside + 1] == "-" and (
                source[inside + 1 : inside + 2] in _SPACES
            )
            end = opening
            while trims and end > self._position and source[end - 1] in _SPACES:
                end -= 1
            if end > self._position:
                self._add(TokenKind.TEXT, end)
            self._position = opening
            after = inside + _TRIM if trims else inside
            if not source.startswith("/*", after):
                self._add(TokenKind.LEFT_DELIM, inside)
                self._position = after
                return True
            self._position = after
            self._comment()

    def _comment(self) -> None:
        closing = self._source.find("*/", self._position + 2)
        if closing < 0:
            raise UnreadableError("unclosed comment")
        end, trims = self._closes(closing + 2)
        if not end:
            raise UnreadableError("comment ends before closing delimiter")
        self._position = self._trimmed(end) if trims else end

    def _closes(self, position: int) -> tuple[int, bool]:
        """Return the end of a right delimiter at this position (or 0), and whether it trims."""
        source = self._source
        if (
            source[position : position + 1] in _SPACES
            and source[position + 1 : position + 2] == "-"
            and source.startswith(self._right, position + _TRIM)
        ):
            return position + _TRIM + len(self._right), True
        if source.startswith(self._right, position):
            return position + len(self._right), False
        return 0, False

    def _trimmed(self, position: int) -> int:
        while self._source[position : position + 1] in _SPACES:
            position += 1
        return position

    def _action(self) -> None:
        """Add the tokens of one action, including its right delimiter."""
        self._depth = 0
        while True:
            end, trims = self._closes(self._position)
            if end:
                break
            if self._source[self._position : self._position + 1] in _SPACES:
                self._space()
            else:
                self._word()
        if self._depth:
            raise UnreadableError("unclosed left paren")
        if trims:
            self._position = self._position + _TRIM
        self._add(TokenKind.RIGHT_DELIM, end)
        if trims:
            self._position = self._trimmed(end)

    def _word(self) -> None:
        kind, end = word(self._source, self._position, self._right)
        self._depth += (kind is TokenKind.LEFT_PAREN) - (kind is TokenKind.RIGHT_PAREN)
        if self._depth < 0:
            raise UnreadableError("unexpected right paren")
        self._add(kind, end)

    def _space(self) -> None:
        end = self._trimmed(self._position)
        if self._closes(end - 1)[1]:  # the last space belongs to the trim marker
            end -= 1
        if end > self._position:
            self._add(TokenKind.SPACE, end)
