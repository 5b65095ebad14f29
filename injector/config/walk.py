"""Walks through a document: reads values with readers, and continues if one is wrong."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from injector.config import leaves
from injector.config.document import Document, line_of
from injector.config.expand import expand
from injector.config.leaves import Scalar, Style
from injector.config.problem import UNQUOTED, Problem, Where, Wrong, nearest


class Walk:
    """What is needed to read any value, and the problems so far."""

    def __init__(
        self, document: Document, environ: Mapping[str, str], broken: Iterable[Where] = ()
    ) -> None:
        self.document = document
        self.environ = environ
        self.directory = os.path.dirname(os.path.abspath(document.file))
        self.problems: list[Problem] = []
        # Places with a stand-in, because the value in the file is invalid.
        self.broken: set[Where] = set(broken)
        # Blocks that are there, with nothing in them.
        self.empty: set[Where] = set()

    def problem(self, where: Where, text: str) -> None:
        self.broken.add(where)
        self.problems.append(self.document.problem(where, text))

    def problem_at(self, node: yaml.Node, where: Where, text: str) -> None:
        self.problems.append(Problem(line_of(node), where, text))


NOTHING_BELOW = "has nothing below it; indent what belongs to it, or remove it"

Read = Callable[[Walk, yaml.Node, Where], Any]


class Reader(Struct, frozen=True):
    """How values of one type are read, and the stand-in for an invalid one."""

    read: Read
    stand_in: Callable[[], Any]
    # A key without a value counts as absent, as when a block has been commented out.
    compound: bool = False

    def read_or_note(self, walk: Walk, node: yaml.Node, where: Where) -> Any:
        """Read; if the value is wrong, note that and return the stand-in."""
        try:
            return self.read(walk, node, where)
        except Wrong as wrong:
            walk.problem(where, str(wrong))
            return self.stand_in()


class Field(Struct, frozen=True):
    """One key of a block."""

    reader: Reader
    required: bool


def scalar_of(walk: Walk, node: yaml.Node, *, verbatim: bool = False) -> Scalar:
    """Return a single value, with its variables expanded unless it is verbatim."""
    if not isinstance(node, yaml.ScalarNode):
        if _is_doubly_braced(node):
            raise Wrong(UNQUOTED)
        shape = "a list" if isinstance(node, yaml.SequenceNode) else "keys with values"
        raise Wrong(f"expected a single value, got {shape}")
    written: str = node.value
    if "\0" in written:
        raise Wrong("must not contain a NUL character")
    if verbatim or "${" not in written:
        return Scalar(written, Style.QUOTED if node.style else Style.BARE, written)
    return Scalar(expand(written, walk.environ), Style.EXPANDED, written)


def _is_doubly_braced(node: yaml.Node) -> bool:
    """Return whether it is `{{ … }}`: a map whose only key is another map."""
    return isinstance(node, yaml.MappingNode) and any(
        isinstance(key, yaml.MappingNode) for key, _ in node.value
    )


def is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in leaves.NULLS


def pairs_of(walk: Walk, node: yaml.Node, where: Where) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return key and value nodes by name; a key that occurs twice is a problem."""
    if not isinstance(node, yaml.MappingNode):
        if is_nothing(node):
            raise Wrong(NOTHING_BELOW)
        if isinstance(node, yaml.SequenceNode):
            raise Wrong("expected keys with values, got a list; remove the '-' before the keys")
        raise Wrong(
            "expected keys with values, got a single value; write {key: value}, or the keys on the "
            "lines below, indented"
        )
    pairs: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for pair in node.value:
        key = pair[0]
        if not isinstance(key, yaml.ScalarNode):
            walk.problem_at(key, where, "a key has to be text")
        elif key.value in pairs:
            first = line_of(pairs[key.value][0])
            walk.problem_at(
                key, where, f"the key '{key.value}' is already on line {first}; make the two one"
            )
        else:
            pairs[key.value] = pair
    return pairs


def read_fields(
    walk: Walk, node: yaml.Node, where: Where, fields: Mapping[str, Field]
) -> dict[str, Any]:
    """Return a block's values by name, complete: missing required ones get a stand-in."""
    values: dict[str, Any] = {}
    excused: set[str] = set()
    for name, (key, value) in pairs_of(walk, node, where).items():
        known = fields.get(name)
        if known is None:
            meant = nearest(name, list(fields))
            what_to_do = _meant(walk, name, where, list(fields))
            walk.problem_at(key, where, f"unknown key '{name}'; {what_to_do}")
            excused.add(meant or "")
        elif known.reader.compound and is_nothing(value):
            walk.empty.add((*where, name))
        else:
            values[name] = known.reader.read_or_note(walk, value, (*where, name))
    walk.broken.update((*where, name) for name in excused)
    for name, known in fields.items():
        if known.required and name not in values:
            values[name] = known.reader.stand_in()
            if name not in excused and (*where, name) not in walk.broken:
                is_empty = (*where, name) in walk.empty
                walk.problem((*where, name), NOTHING_BELOW if is_empty else "is required")
    return values


def _meant(walk: Walk, name: str, where: Where, valid: Sequence[str]) -> str:
    from injector.config.homes import meant  # only when something is wrong

    return meant(name, where, valid, walk.empty)


def read_tuple(walk: Walk, node: yaml.Node, where: Where, item: Reader) -> tuple[Any, ...]:
    """Read a list; anything else is a list of one, as HCL has it."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return tuple(item.read_or_note(walk, n, (*where, i)) for i, n in enumerate(nodes))


def read_dict(walk: Walk, node: yaml.Node, where: Where, item: Reader) -> dict[str, Any]:
    """Read values under names of the user's choice."""
    return {
        name: item.read_or_note(walk, value, (*where, name))
        for name, (_key, value) in pairs_of(walk, node, where).items()
    }


def read_command(walk: Walk, node: yaml.Node, where: Where) -> tuple[str, ...]:
    """Read program and arguments, as they stand; numbers need no quotes."""
    if not isinstance(node, yaml.SequenceNode):
        return leaves.words(scalar_of(walk, node, verbatim=True))
    found = []
    for i, item in enumerate(node.value):
        if not isinstance(item, yaml.ScalarNode) or is_nothing(item):
            walk.problem((*where, i), "expected one word of a command")
            continue
        found.append(scalar_of(walk, item, verbatim=True).text)
    return tuple(found)


def read_anything(walk: Walk, node: yaml.Node, where: Where) -> Any:
    """Read a value of any shape as JSON would have it."""
    anything = Reader(read_anything, lambda: None)
    if isinstance(node, yaml.SequenceNode):
        return [anything.read_or_note(walk, n, (*where, i)) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return read_dict(walk, node, where, anything)
    return leaves.anything(scalar_of(walk, node))
