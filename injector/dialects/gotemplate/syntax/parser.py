"""Builds a tree from tokens, with Go's grammar and Go's errors."""

from collections.abc import Collection, Mapping

from injector.dialects.gotemplate.go.quoting import quoted
from injector.dialects.gotemplate.syntax.nodes import (
    Action,
    Branch,
    Call,
    Jump,
    Node,
    Pipe,
    Text,
    Tree,
)
from injector.dialects.gotemplate.syntax.operands import Operands
from injector.dialects.gotemplate.syntax.tokens import Token, TokenKind

# Maximum nesting of a source; Go has no such limit, but Python's stack does.
_DEEPEST = 100
_LONGEST_CHAIN = 200


def parsed(
    source: str,
    found: list[Token],
    functions: Collection[str],
    refused: Mapping[str, str],
) -> Tree:
    """Return the templates of a source; raises SyntaxFault. `refused` has reasons by function."""
    return _Parser(source, found, functions, refused).tree()


class _Parser(Operands):
    def __init__(
        self,
        source: str,
        found: list[Token],
        functions: Collection[str],
        refused: Mapping[str, str],
    ) -> None:
        super().__init__(source, found, functions, refused)
        self._templates: dict[str, tuple[Node, ...]] = {}
        self._ranges = 0
        self._depth = 0

    def tree(self) -> Tree:
        root: list[Node] = []
        while self.peek().kind is not TokenKind.EOF:
            if self._defines():
                continue
            node = self._text_or_action()
            if isinstance(node, Token):
                raise self.fault(f"unexpected {_ending(node)}")
            root.append(node)
        self._define("", tuple(root))
        return Tree("", self._source, self._templates)

    def _defines(self) -> bool:
        """Read a `define`, which is only allowed at the top level."""
        if self.peek().kind is not TokenKind.LEFT_DELIM:
            return False
        at = self.position
        self.next()
        if self.next_word().kind is not TokenKind.DEFINE:
            self.position = at
            return False
        token = self.next_word()
        if token.kind not in (TokenKind.STRING, TokenKind.RAW_STRING):
            raise self.unexpected(token, "define clause")
        name = self.text_of(token)
        self.expect(TokenKind.RIGHT_DELIM, "define clause")
        self._define(name, self._apart("define clause"))
        return True

    def _apart(self, context: str) -> tuple[Node, ...]:
        """Read a body that sees no variables and no loop except its own."""
        variables, self.variables = self.variables, ["$"]
        ranges, self._ranges = self._ranges, 0
        body, end = self._list()
        if end.kind is not TokenKind.END:
            raise self.fault(f"unexpected {_ending(end)} in {context}")
        self.variables, self._ranges = variables, ranges
        return body

    def _define(self, name: str, body: tuple[Node, ...]) -> None:
        known = self._templates.get(name)
        if known is None or _is_empty(known):
            self._templates[name] = body
        elif not _is_empty(body):
            raise self.fault(f"template: multiple definition of template {quoted(name)}")

    def _list(self) -> tuple[tuple[Node, ...], Token]:
        """Return the nodes before the next `end` or `else`, and that token."""
        nodes: list[Node] = []
        while self.peek_word().kind is not TokenKind.EOF:
            node = self._text_or_action()
            if isinstance(node, Token):
                return tuple(nodes), node
            nodes.append(node)
        raise self.fault("unexpected EOF")

    def _text_or_action(self) -> Node | Token:
        token = self.next_word()
        if token.kind is TokenKind.TEXT:
            return Text(token.start, token.text)
        if token.kind is not TokenKind.LEFT_DELIM:
            raise self.unexpected(token, "input")
        self.action_start = token.start
        node = self._action()
        self.action_start = -1
        return node

    def _action(self) -> Node | Token:  # noqa: PLR0911 - one line for each keyword
        token = self.next_word()
        match token.kind:
            case TokenKind.IF | TokenKind.WITH | TokenKind.RANGE:
                return self._branch(token.text)
            case TokenKind.BREAK | TokenKind.CONTINUE:
                return self._jump(token)
            case TokenKind.ELSE:
                if self.peek_word().kind not in (TokenKind.IF, TokenKind.WITH):
                    self.expect(TokenKind.RIGHT_DELIM, "else")
                return token
            case TokenKind.END:
                self.expect(TokenKind.RIGHT_DELIM, "end")
                return token
            case TokenKind.BLOCK:
                return self._block()
            case TokenKind.TEMPLATE:
                return self._call()
        self.position -= 1
        start = self.peek().start
        return Action(start, self.pipeline("command", TokenKind.RIGHT_DELIM))

    def _branch(self, word: str) -> Branch:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.fault(f"nested deeper than {_DEEPEST}")
        known = len(self.variables)
        # `else if` and `else with` are an `else` that contains one branch and shares its end.
        chain = [self._condition(word)]
        while chain[-1][2].kind is TokenKind.ELSE and word != "range" and self._goes_on(word):
            if len(chain) == _LONGEST_CHAIN:
                raise self.fault(f"more than {_LONGEST_CHAIN} times else {word}")
            chain.append(self._condition(word))
        otherwise: tuple[Node, ...] | None = None
        if chain[-1][2].kind is TokenKind.ELSE:
            otherwise, end = self._list()
            if end.kind is not TokenKind.END:
                raise self.fault(f"expected end; found {_ending(end)}")
        del self.variables[known:]
        self._depth -= 1
        for pipe, body, _ in reversed(chain[1:]):
            otherwise = (Branch(pipe.start, word, pipe, body, otherwise),)
        pipe, body, _ = chain[0]
        return Branch(pipe.start, word, pipe, body, otherwise)

    def _condition(self, word: str) -> tuple[Pipe, tuple[Node, ...], Token]:
        """Read a pipeline, and what is done if it holds; return them and the action after it."""
        pipe = self.pipeline(word, TokenKind.RIGHT_DELIM)
        self._ranges += word == "range"
        body, end = self._list()
        self._ranges -= word == "range"
        return pipe, body, end

    def _goes_on(self, word: str) -> bool:
        """Return whether an `else` is followed by another condition, whose word it reads."""
        if self.peek().kind is not TokenKind(word):
            return False
        self.next()
        return True

    def _jump(self, token: Token) -> Jump:
        after = self.next_word()
        if after.kind is not TokenKind.RIGHT_DELIM:
            raise self.unexpected(after, f"{{{{{token.text}}}}}")
        if not self._ranges:
            raise self.fault(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return Jump(token.start, token.text)

    def _block(self) -> Call:
        """Read `block`: a `define`, and a `template` that calls it."""
        start, name = self._template_name("block clause")
        pipe = self.pipeline("block clause", TokenKind.RIGHT_DELIM)
        self._define(name, self._apart("block clause"))
        return Call(start, name, pipe)

    def _call(self) -> Call:
        start, name = self._template_name("template clause")
        if self.next_word().kind is TokenKind.RIGHT_DELIM:
            return Call(start, name, None)
        self.position -= 1
        return Call(start, name, self.pipeline("template clause", TokenKind.RIGHT_DELIM))

    def _template_name(self, context: str) -> tuple[int, str]:
        token = self.next_word()
        if token.kind not in (TokenKind.STRING, TokenKind.RAW_STRING):
            raise self.unexpected(token, context)
        return token.start, self.text_of(token)


def _ending(token: Token) -> str:
    return f"{{{{{token.text}}}}}"


def _is_empty(body: tuple[Node, ...]) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in body)
