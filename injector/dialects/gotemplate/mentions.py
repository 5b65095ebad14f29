"""What a tree mentions, whether or not it is executed."""

from collections.abc import Iterator

from injector.dialects.gotemplate.run.skipping import commands_of
from injector.dialects.gotemplate.syntax.nodes import Chain, Command, Identifier, String, Tree

# Functions for which it matters whether the template contains their argument literally.
TRUST_AUTHORS = frozenset(("file", "sockaddr", "writeToFile"))


def commands(tree: Tree) -> Iterator[Command]:
    for body in tree.templates.values():
        yield from commands_of(body)


def names(tree: Tree) -> frozenset[str]:
    """Return the names of the functions that the tree uses."""
    return frozenset(
        word.name
        for command in commands(tree)
        for argument in command.arguments
        if isinstance(
            word := argument.node if isinstance(argument, Chain) else argument, Identifier
        )
    )


def spelled_arguments(tree: Tree) -> frozenset[str]:
    """Return the literal arguments of these functions, such as paths of local files."""
    return frozenset(
        command.arguments[1].text
        for command in commands(tree)
        if function_of(command) in TRUST_AUTHORS
        and len(command.arguments) > 1
        and isinstance(command.arguments[1], String)
    ) | frozenset(
        before.arguments[0].text
        for before, command in _piped(tree)
        if function_of(command) == "file"
        and len(before.arguments) == 1
        and isinstance(before.arguments[0], String)
    )


def function_of(command: Command) -> str:
    """Return the name of the function that a command calls, or an empty string."""
    first = command.arguments[0]
    word = first.node if isinstance(first, Chain) else first
    return word.name if isinstance(word, Identifier) else ""


def _piped(tree: Tree) -> Iterator[tuple[Command, Command]]:
    from injector.dialects.gotemplate.run.skipping import pipes_of

    for body in tree.templates.values():
        for pipe in pipes_of(body):
            yield from zip(pipe.commands, pipe.commands[1:], strict=False)
