"""What a branch might change: needed while it is unknown whether the branch is taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from injector.dialects.gotemplate.syntax import nodes

# What may change state that is kept between calls.
_KEEPERS = frozenset(("executeTemplate", "scratch"))


@dataclass(frozen=True, slots=True)
class Effects:
    """What a branch may have changed."""

    assigned: frozenset[str]
    on_functions: bool
    jumps: bool  # may leave or continue an enclosing loop


def effects_of(node: nodes.Branch) -> Effects:
    """Return what the bodies of a branch may change outside of them."""
    pipes = list(pipes_of((node,)))
    assigned = {variable.name for pipe in pipes if pipe.assigns for variable in pipe.variables}
    inside = (*node.body, *(node.otherwise or ()))
    on_functions = _calls_templates(inside) or any(
        _mentions(command, _KEEPERS) for pipe in pipes for command in pipe.commands
    )
    jumps = node.word != "range" and any(_jumps(child) for child in inside)
    return Effects(frozenset(assigned), on_functions, jumps)


def commands_of(body: Iterable[nodes.Node]) -> Iterator[nodes.Command]:
    """Yield every command, including nested ones."""
    for pipe in pipes_of(body):
        yield from pipe.commands


def pipes_of(body: Iterable[nodes.Node]) -> Iterator[nodes.Pipe]:
    """Yield every pipeline, including nested ones."""
    for node in body:
        if isinstance(node, nodes.Action | nodes.Branch | nodes.Call) and node.pipe is not None:
            yield from _with_inner(node.pipe)
        if isinstance(node, nodes.Branch):
            yield from pipes_of(node.body)
            yield from pipes_of(node.otherwise or ())


def _with_inner(pipe: nodes.Pipe) -> Iterator[nodes.Pipe]:
    yield pipe
    for command in pipe.commands:
        for argument in command.arguments:
            inner = argument.node if isinstance(argument, nodes.Chain) else argument
            if isinstance(inner, nodes.Pipe):
                yield from _with_inner(inner)


def _mentions(command: nodes.Command, names: frozenset[str]) -> bool:
    words = (arg.node if isinstance(arg, nodes.Chain) else arg for arg in command.arguments)
    return any(isinstance(word, nodes.Identifier) and word.name in names for word in words)


def _calls_templates(body: Iterable[nodes.Node]) -> bool:
    return any(
        isinstance(node, nodes.Call)
        or (
            isinstance(node, nodes.Branch)
            and _calls_templates((*node.body, *(node.otherwise or ())))
        )
        for node in body
    )


def _jumps(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Jump):
        return True
    if not isinstance(node, nodes.Branch) or node.word == "range":
        return False
    return any(_jumps(child) for child in (*node.body, *(node.otherwise or ())))
