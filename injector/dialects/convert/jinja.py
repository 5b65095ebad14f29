"""Converts a Go template to Jinja, if it only uses what works the same in both languages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from injector.config.rules.names import RESERVED
from injector.dialects.convert.names import Names
from injector.dialects.gotemplate.catalogue import CATALOGUE, REFUSED
from injector.dialects.gotemplate.functions.secrets import ref_of
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.mentions import function_of
from injector.dialects.gotemplate.syntax.lexer import tokens
from injector.dialects.gotemplate.syntax.nodes import (
    Action,
    Branch,
    Chain,
    Command,
    Dot,
    Field,
    Node,
    Operand,
    Pipe,
    String,
    Text,
    Tree,
    Variable,
)
from injector.dialects.gotemplate.syntax.parser import parsed
from injector.dialects.gotemplate.syntax.tokens import line_and_column
from injector.rendering.template import Source
from injector.sources.vault.ref import VaultRef

# Never treated as keys: KV version 2 has both of these layers, version 1 has neither.
_LAYERS = frozenset(("data", "metadata"))
# Our filters that return the same as the function, for every input that both accept.
_FILTERS = {"base64Encode": "b64encode", "sha256Hex": "sha256"}


class CannotError(Exception):
    """A template cannot be converted; the message says why."""


@dataclass(eq=False)
class Asked:
    """A secret in a template, and the keys that are used."""

    ref: VaultRef
    name: str
    is_kv2: bool
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Converted:
    """The template in Jinja, and what it needs."""

    text: str
    secrets: tuple[Asked, ...]
    variables: frozenset[str]  # environment variables


@dataclass(frozen=True)
class _Scope:
    """What names refer to in one place: secrets, or expressions."""

    dot: "Asked | str | None" = None
    variables: dict[str, "Asked | str"] = field(default_factory=dict)


def converted(source: Source, names: Names) -> Converted:
    """Convert a template; raises CannotError. New secrets are added to `names`."""
    tree = tree_of(source)
    if len(tree.templates) > 1:
        raise CannotError("it defines templates")
    return _Conversion(source, tree, names).whole()


def tree_of(source: Source) -> Tree:
    """Parse a template that is known to be valid."""
    found = tokens(source.text, source.left_delimiter, source.right_delimiter)
    return parsed(source.text, found, CATALOGUE, REFUSED)


class _Conversion:
    def __init__(self, source: Source, tree: Tree, names: Names) -> None:
        self._source = source
        self._tree = tree
        self._names = names
        self._pieces: list[str] = []
        self._secrets: dict[VaultRef, Asked] = {}
        self._environment: set[str] = set()

    def whole(self) -> Converted:
        self._body(self._tree.templates[""], _Scope())
        text = "".join(self._pieces)
        return Converted(text, tuple(self._secrets.values()), frozenset(self._environment))

    # -- statements

    def _body(self, nodes: Sequence[Node], scope: _Scope) -> None:
        scope = replace(scope, variables=dict(scope.variables))  # scoped to the block
        for node in nodes:
            match node:
                case Text():
                    self._text(node)
                case Action():
                    self._action(node, scope)
                case Branch(word="with"):
                    self._with(node, scope)
                case Branch(word="range"):
                    self._range(node, scope)
                case _:
                    raise self._cannot(node, f"`{getattr(node, 'word', 'template')}`")

    def _text(self, node: Text) -> None:
        for mark in ("{%", "{#", self._source.left_delimiter):
            if mark in node.text:
                raise self._cannot(node, f"`{mark}` is plain text in Go, but not in Jinja")
        self._pieces.append(node.text)

    def _tag(self, node: Node, opening: str, inside: str, closing: str) -> None:
        before = self._pieces[-1][-1:] if self._pieces else ""
        if before in ("{", self._source.left_delimiter[0]) and before:
            raise self._cannot(node, f"`{before}` directly before an action")
        self._pieces.append(f"{opening} {inside} {closing}")

    def _action(self, node: Action, scope: _Scope) -> None:
        pipe = node.pipe
        if pipe.assigns:
            raise self._cannot(node, f"`{pipe}`")
        if pipe.variables:
            scope.variables[pipe.variables[0].name] = self._subject(pipe, scope)
            return
        expression = self._expression(pipe, scope)
        self._tag(node, self._source.left_delimiter, expression, self._source.right_delimiter)

    def _with(self, node: Branch, scope: _Scope) -> None:
        subject = self._subject(node.pipe, scope)
        if isinstance(subject, str) or node.otherwise is not None:
            raise self._cannot(node, "`with` on anything but a secret, or with `else`")
        inner = {variable.name: subject for variable in node.pipe.variables}
        self._body(node.body, _Scope(subject, {**scope.variables, **inner}))

    def _range(self, node: Branch, scope: _Scope) -> None:
        command = node.pipe.commands[0]
        asked, keys = self._place(command.arguments[0], scope)
        alone = len(node.pipe.commands) == 1 and len(command.arguments) == 1
        if asked is None or not alone or keys != _data(asked) or node.otherwise is not None:
            raise self._cannot(node, f"`range {node.pipe}`")
        words = [variable.name for variable in node.pipe.variables]
        key, value = ["key", "value", *words][-2:] if len(words) != 1 else ("key", words[0])
        key, value = self._names.variable(key), self._names.variable(value)
        given = dict(zip(words, (key, value) if len(words) > 1 else (value,), strict=False))
        members = f"{asked.name}|dictsort(case_sensitive=true)"  # Go's order
        self._tag(node, "{%", f"for {key}, {value} in {members}", "%}")
        self._body(node.body, _Scope(value, {**scope.variables, **given}))
        self._tag(node, "{%", "endfor", "%}")

    # -- expressions

    def _subject(self, pipe: Pipe, scope: _Scope) -> Asked | str:
        command = pipe.commands[0]
        if len(pipe.commands) == 1:
            if function_of(command) == "secret" and not isinstance(command.arguments[0], Chain):
                return self._secret(command)
            asked, keys = self._place(command.arguments[0], scope)
            if asked is not None and not keys and len(command.arguments) == 1:
                return asked
        return self._expression(pipe, scope)

    def _expression(self, pipe: Pipe, scope: _Scope) -> str:
        first, *others = pipe.commands
        filters = [_FILTERS.get(str(command), "") for command in others]
        if not all(filters):
            raise self._cannot(pipe, f"`{pipe}`")
        return "|".join([self._command(first, scope), *filters])

    def _command(self, command: Command, scope: _Scope) -> str:
        first, *words = command.arguments
        function = "" if isinstance(first, Chain) else function_of(command)
        match function, words:
            case "", []:
                return self._value(first, scope)
            case "env", [String(text=name)] if _is_plain(name):
                self._environment.add(name)
                return f'env("{name}", "")'
            case "index", [place, String(text=key)]:
                asked, keys = self._place(place, scope)
                if asked is not None and keys == _data(asked):
                    return self._member(command, asked, key)
        raise self._cannot(command, f"`{command}`")

    def _value(self, operand: Operand, scope: _Scope) -> str:
        match operand:
            case Dot() if isinstance(scope.dot, str):
                return scope.dot
            case Variable(name=name, keys=()) if isinstance(scope.variables.get(name), str):
                return str(scope.variables[name])
            case String(text=text) if _is_plain(text):
                return f'"{text}"'
            case Pipe(variables=()):
                return f"({self._expression(operand, scope)})"
        asked, keys = self._place(operand, scope)
        if asked is not None and not asked.is_kv2 and keys[:-1] == ("Data", "data"):
            why = (
                f"`{operand}` of `{asked.ref.path}`: add `data/` to the path to make it convertible"
            )
            raise self._cannot(operand, why)
        if asked is None or keys[:-1] != _data(asked):
            raise self._cannot(operand, f"`{operand}`")
        return self._member(operand, asked, keys[-1])

    def _place(self, operand: Operand, scope: _Scope) -> tuple[Asked | None, tuple[str, ...]]:
        """Return the secret that an operand belongs to, and the keys below it."""
        match operand:
            case Field(keys=keys):
                found: Asked | str | None = scope.dot
            case Dot():
                found, keys = scope.dot, ()
            case Variable(name=name, keys=keys):
                found = scope.variables.get(name)
            case Chain(node=Pipe() as pipe, keys=keys):
                found = self._subject(pipe, scope)
            case _:
                return None, ()
        return (found, keys) if isinstance(found, Asked) else (None, ())

    def _member(self, node: Node | Operand | Command, asked: Asked, key: str) -> str:
        if key in _LAYERS and not asked.is_kv2:
            raise self._cannot(node, f"`{node}`: the path may belong to KV version 2")
        if not _is_plain(key):
            raise self._cannot(node, f"`{node}`")
        asked.keys.add(key)
        if key.isidentifier() and key.isascii() and key not in RESERVED:
            return f"{asked.name}.{key}"
        return f'{asked.name}["{key}"]'

    def _secret(self, command: Command) -> Asked:
        words = [word.text for word in command.arguments[1:] if isinstance(word, String)]
        if not words or len(words) != len(command.arguments) - 1:
            raise self._cannot(command, f"`{command}`: its path is computed")
        try:
            meant = ref_of("secret", words, ())
        except GoError as error:
            raise self._cannot(command, str(error)) from None
        params = None if meant.body is None else json.loads(meant.body)
        ref = VaultRef.of(meant.path, params)
        if ref not in self._secrets:
            name = self._names.secret(ref)
            self._secrets[ref] = Asked(ref, name, "/data/" in ref.path)
        return self._secrets[ref]

    def _cannot(self, node: Node | Operand | Command, why: str) -> CannotError:
        line, _ = line_and_column(self._tree.source, node.start)
        return CannotError(f"line {line}: {' '.join(why.split())}")


def _data(asked: Asked) -> tuple[str, ...]:
    """Return the fields that lead from a secret to its keys."""
    return ("Data", "data") if asked.is_kv2 else ("Data",)


def _is_plain(text: str) -> bool:
    """Return whether a string can be quoted without escapes."""
    return text.isprintable() and not {'"', "\\"}.intersection(text)
