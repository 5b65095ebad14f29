"""Where a Go template requests which secret: for policies and reports, not for rendering."""

from collections.abc import Collection, Iterator, Mapping

from injector.dialects.gotemplate.functions.secrets import ref_of
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.mentions import function_of
from injector.dialects.gotemplate.run.skipping import pipes_of
from injector.dialects.gotemplate.syntax.nodes import Command, Operand, Pipe, String, Tree
from injector.dialects.gotemplate.syntax.tokens import line_and_column
from injector.rendering.template.uses import Use
from injector.secret import Ref

_ASK = frozenset(("pkiCert", "secret", "secrets"))


def uses(tree: Tree, named: Collection[Ref], asked: Mapping[int, set[Ref | None]]) -> list[Use]:
    """Return every use, in order of lines.

    `asked` are the requests of an execution without any secret, by the position of the call; None
    for a call that depends on another secret.
    """
    found: set[Use] = set()
    for body in tree.templates.values():
        for pipe in pipes_of(body):
            for index, command in enumerate(pipe.commands):
                if function_of(command) in _ASK:
                    found.update(_uses(tree, pipe, index, named, asked))
    return sorted(found, key=lambda use: (use.line, str(use.ref or ""), use.call))


def _uses(
    tree: Tree,
    pipe: Pipe,
    index: int,
    named: Collection[Ref],
    asked: Mapping[int, set[Ref | None]],
) -> Iterator[Use]:
    command = pipe.commands[index]
    line, _ = line_and_column(tree.source, command.start)
    words = command.arguments[1:] + pipe.commands[index - 1].arguments[:1] * (index > 0)
    function = function_of(command)
    literal = [word.text for word in words if isinstance(word, String)]
    if words and len(literal) == len(words) and (index == 0 or _is_alone(pipe, index - 1)):
        try:
            yield Use(line, ref_of(function, literal, named))
        except GoError:
            return  # execution reports it
        return
    refs = asked.get(command.start, set())
    yield from (Use(line, ref) for ref in refs if ref is not None)
    if not refs or None in refs:
        first = command.arguments[1] if len(command.arguments) > 1 else None
        yield Use(
            line,
            call=_written(command, index),
            path=_beginning(first),
            is_whole=isinstance(first, String),
            is_write=function == "pkiCert" or len(words) > 1,
        )


def _beginning(path: Operand | None) -> str:
    """Return the literal part of a path: all of it, or the beginning of a `printf` format."""
    if isinstance(path, String):
        return path.text
    if isinstance(path, Pipe) and len(path.commands) == 1:
        name, *arguments = path.commands[0].arguments
        if str(name) == "printf" and arguments and isinstance(arguments[0], String):
            return arguments[0].text.partition("%")[0]
    return ""


def _is_alone(pipe: Pipe, index: int) -> bool:
    return index == 0 and len(pipe.commands[0].arguments) == 1


def _written(command: Command, index: int) -> str:
    return f"… | {command}" if index else str(command)
