"""Parses the inside of an action: pipelines, commands, operands."""

from collections.abc import Collection, Mapping

from injector.dialects.gotemplate.go.faults import SyntaxFault
from injector.dialects.gotemplate.go.numbers import character, constant
from injector.dialects.gotemplate.go.quoting import quoted, unquoted
from injector.dialects.gotemplate.syntax.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)
from injector.dialects.gotemplate.syntax.tokens import Token, TokenKind

_LITERALS = (Bool, Dot, Nil, Number, String)
_NUMBERS = (TokenKind.CHARACTER, TokenKind.COMPLEX, TokenKind.NUMBER)
_OPERANDS = frozenset(
    (
        TokenKind.BOOL, TokenKind.CHARACTER, TokenKind.COMPLEX, TokenKind.DOT, TokenKind.FIELD,
        TokenKind.IDENTIFIER, TokenKind.NUMBER, TokenKind.NIL, TokenKind.RAW_STRING,
        TokenKind.STRING, TokenKind.VARIABLE, TokenKind.LEFT_PAREN,
    )
)  # fmt: skip
_DEEPEST = 100
# The last token is repeated, so that looking past the end finds it again.
_BEHIND = 8


class Operands:
    """Reads tokens one by one; the parser of the rest of the grammar builds on it."""

    def __init__(
        self,
        source: str,
        found: list[Token],
        functions: Collection[str],
        refused: Mapping[str, str],
    ) -> None:
        self.position = 0
        self.variables = ["$"]
        self.action_start = -1
        self._source = source
        self._tokens = found + found[-1:] * _BEHIND
        self._functions = functions
        self._refused = refused
        self._parentheses = 0

    # -- tokens

    def next(self) -> Token:
        token = self._tokens[self.position]
        self.position += 1
        return token

    def peek(self) -> Token:
        return self._tokens[self.position]

    def next_word(self) -> Token:
        self.peek_word()
        return self.next()

    def peek_word(self) -> Token:
        """Skip spaces; return the next token without consuming it."""
        token = self.peek()
        while token.kind is TokenKind.SPACE:
            self.position += 1
            token = self.peek()
        return token

    def expect(self, kind: TokenKind, context: str) -> Token:
        token = self.next_word()
        if token.kind is not kind:
            raise self.unexpected(token, context)
        return token

    # -- errors

    def unexpected(self, token: Token, context: str) -> SyntaxFault:
        if token.kind is not TokenKind.ERROR:
            return self.fault(f"unexpected {token} in {context}")
        extra = ""
        started = self._line(self.action_start)
        if self.action_start >= 0 and started != self._line(token.start):
            extra = f" in action started at :{started}"
            if token.text.endswith(" action"):  # not "action in action"
                extra = extra.removeprefix(" in action")
        return self.fault(f"{token}{extra}")

    def fault(self, message: str) -> SyntaxFault:
        taken = self._tokens[max(self.position - 1, 0)]
        return SyntaxFault("", self._line(taken.start), message)

    def _line(self, start: int) -> int:
        return self._source.count("\n", 0, max(start, 0)) + 1

    # -- grammar

    def pipeline(self, context: str, end: TokenKind) -> Pipe:
        start = self.peek_word().start
        variables, assigns = self._variables(context)
        commands: list[Command] = []
        while True:
            token = self.next_word()
            if token.kind is end:
                break
            if token.kind not in _OPERANDS:
                raise self.unexpected(token, context)
            self.position -= 1
            commands.append(self._command())
        if not commands:
            raise self.fault(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.arguments[0], _LITERALS):
                raise self.fault(f"non executable command in pipeline stage {stage}")
        return Pipe(start, tuple(commands), tuple(variables), assigns)

    def _variables(self, context: str) -> tuple[list[Variable], bool]:
        """Read the variables that a pipeline declares or assigns."""
        variables: list[Variable] = []
        while self.peek_word().kind is TokenKind.VARIABLE:
            at = self.position
            name = self.next()
            after = self.peek_word()
            is_list = after.kind is TokenKind.CHAR and after.text == ","
            if not is_list and after.kind not in (TokenKind.ASSIGN, TokenKind.DECLARE):
                self.position = at
                break
            self.next()
            variables.append(Variable(name.start, name.text))
            self.variables.append(name.text)
            if not is_list:
                return variables, after.kind is TokenKind.ASSIGN
            if context != "range" or len(variables) > 1:
                raise self.fault(f"too many declarations in {context}")
            if self.peek_word().kind not in (
                TokenKind.VARIABLE,
                TokenKind.RIGHT_DELIM,
                TokenKind.RIGHT_PAREN,
            ):
                raise self.fault("range can only initialize variables")
        return variables, False

    def _command(self) -> Command:
        start = self.peek_word().start
        arguments: list[Operand] = []
        while True:
            self.peek_word()
            operand = self._operand()
            if operand is not None:
                arguments.append(operand)
            token = self.next()
            if token.kind is TokenKind.SPACE:
                continue
            if token.kind in (TokenKind.RIGHT_DELIM, TokenKind.RIGHT_PAREN):
                self.position -= 1
            elif token.kind is not TokenKind.PIPE:
                raise self.unexpected(token, "operand")
            break
        if not arguments:
            raise self.fault("empty command")
        return Command(start, tuple(arguments))

    def _operand(self) -> Operand | None:
        node = self._term()
        if node is None or self.peek().kind is not TokenKind.FIELD:
            return node
        start = self.peek().start
        keys: list[str] = []
        while self.peek().kind is TokenKind.FIELD:
            keys.append(self.next().text[1:])
        if isinstance(node, Field):
            return Field(start, (*node.keys, *keys))
        if isinstance(node, Variable):
            return Variable(start, node.name, (*node.keys, *keys))
        if isinstance(node, _LITERALS):
            raise self.fault(f"unexpected . after term {quoted(str(node))}")
        return Chain(start, node, tuple(keys))

    def _term(self) -> Operand | None:  # noqa: C901, PLR0911 - one line for each kind
        token = self.next_word()
        start, text = token.start, token.text
        match token.kind:
            case TokenKind.IDENTIFIER:
                if text in self._refused or text not in self._functions:
                    raise self._no_function(text)
                return Identifier(start, text)
            case TokenKind.DOT:
                return Dot(start)
            case TokenKind.NIL:
                return Nil(start)
            case TokenKind.VARIABLE:
                if text not in self.variables:
                    raise self.fault(f"undefined variable {quoted(text)}")
                return Variable(start, text)
            case TokenKind.FIELD:
                return Field(start, (text[1:],))
            case TokenKind.BOOL:
                return Bool(start, text == "true")
            case TokenKind.CHARACTER | TokenKind.COMPLEX | TokenKind.NUMBER:
                return self._number(token)
            case TokenKind.LEFT_PAREN:
                return self._parenthesis()
            case TokenKind.STRING | TokenKind.RAW_STRING:
                return String(start, text, self.text_of(token))
        self.position -= 1
        return None

    def _no_function(self, name: str) -> SyntaxFault:
        if name in self._refused:
            return self.fault(f"function {quoted(name)} is not supported: {self._refused[name]}")
        return self.fault(f"function {quoted(name)} not defined")

    def _parenthesis(self) -> Pipe:
        self._parentheses += 1
        if self._parentheses > _DEEPEST:
            raise self.fault(f"nested deeper than {_DEEPEST}")
        pipe = self.pipeline("parenthesized pipeline", TokenKind.RIGHT_PAREN)
        self._parentheses -= 1
        return pipe

    def _number(self, token: Token) -> Number:
        try:
            if token.kind is TokenKind.COMPLEX or token.text.endswith("i"):
                raise ValueError("complex numbers are not supported")
            value = (character if token.kind is TokenKind.CHARACTER else constant)(token.text)
        except ValueError as error:
            raise self.fault(str(error)) from None
        return Number(token.start, token.text, value.as_int, value.as_uint, value.as_float)

    def text_of(self, token: Token) -> str:
        try:
            return unquoted(token.text)
        except ValueError as error:
            raise self.fault(str(error)) from None
