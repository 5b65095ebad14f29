"""The tree of our own configuration, made of values that know the line they came from."""

from collections.abc import Sequence
from typing import Any

import yaml

from injector.config.document import Document
from injector.config.problem import Problem, Where


class Block:
    """A mapping in the making; what is not given a line has the line of the block."""

    def __init__(self, file: str, line: int) -> None:
        self._file = file
        self._line = line
        self._values: dict[str, tuple[yaml.Node, yaml.Node]] = {}

    def put(
        self, name: str, value: "Any | Block", line: int = 0, *, verbatim: bool = False
    ) -> None:
        """Set an option. `${…}` is literal text in HCL, so where ours expands it, it is escaped."""
        mark = _mark(self._file, line or self._line)
        node = value.node() if isinstance(value, Block) else _node(value, mark, verbatim=verbatim)
        self._values[name] = yaml.ScalarNode("", name, mark, mark), node

    def put_all(self, name: str, blocks: "Sequence[Block]", line: int = 0) -> None:
        mark = _mark(self._file, line or self._line)
        nodes = [block.node() for block in blocks]
        self._values[name] = (
            yaml.ScalarNode("", name, mark, mark),
            yaml.SequenceNode("", nodes, mark, mark),
        )

    def drop(self, name: str) -> None:
        self._values.pop(name, None)

    def node(self) -> yaml.MappingNode:
        mark = _mark(self._file, self._line)
        return yaml.MappingNode("", list(self._values.values()), mark, mark)


class Translated(Document):
    """A document that was made of one or more other files."""

    def problem(self, where: Where, text: str) -> Problem:
        line, node = self.find(where)
        return Problem(line, where, text, str(node.start_mark.name))


def _node(value: Any, mark: yaml.Mark, *, verbatim: bool) -> yaml.Node:
    if isinstance(value, tuple | list):
        items = [_node(item, mark, verbatim=verbatim) for item in value]
        return yaml.SequenceNode("", items, mark, mark)
    if isinstance(value, bool):
        return yaml.ScalarNode("", "true" if value else "false", mark, mark)
    if isinstance(value, int | float):
        return yaml.ScalarNode("", f"{value:.15g}", mark, mark)
    text = value if verbatim else value.replace("${", "$${")
    return yaml.ScalarNode("", text, mark, mark, style='"')


def _mark(file: str, line: int) -> yaml.Mark:
    return yaml.Mark(file, 0, line - 1, 0, None, 0)
