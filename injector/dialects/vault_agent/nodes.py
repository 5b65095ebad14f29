"""The tree of our own configuration, whose values know their lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from injector.config.document import Document
from injector.config.excerpt import Line
from injector.config.problem import Problem, Where


class Entry(NamedTuple):
    """One option: its value, which may be a block or a list of blocks, and its origin."""

    value: Any
    line: int
    verbatim: bool
    remark: str  # what people are told


class Block:
    """A mapping under construction; the default line of an option is that of the block."""

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line
        self._entries: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(self._entries.items())

    def put(
        self, name: str, value: Any, line: int = 0, *, verbatim: bool = False, remark: str = ""
    ) -> None:
        """Set an option. `${…}` is literal in HCL, so it is escaped where ours would expand it."""
        self._entries[name] = Entry(value, line or self.line, verbatim, remark)

    def value(self, name: str) -> Any:
        """Return the value of an option; None if it is not set."""
        entry = self._entries.get(name)
        return entry.value if entry is not None else None

    def drop(self, name: str) -> None:
        self._entries.pop(name, None)

    def node(self) -> yaml.MappingNode:
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        for name, entry in self:
            marks = _marks(self.file, entry.line)
            pairs.append((_scalar(name, marks), _node(entry.value, marks, entry)))
        return yaml.MappingNode("", pairs, *_marks(self.file, self.line), flow_style=True)


class Translated(Document):
    """A document that was translated from one or more files, whose texts these are."""

    def __init__(self, file: str, root: yaml.MappingNode, texts: Mapping[str, str]) -> None:
        super().__init__(file, root)
        self._texts.update(texts)

    def problem(self, where: Where, text: str) -> Problem:
        line, node = self.spot(where), self.find(where)[1]
        if where[:2] == ("auto_auth", "sinks"):
            where = ("auto_auth", "sink", *where[2:])  # as written in the file
        return Problem(line, where, text, str(node.start_mark.name))


def written(value: Any, *, verbatim: bool) -> str:
    """Format a single value for our configuration."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return str(value) if verbatim else str(value).replace("${", "$${")


Marks = tuple[yaml.Mark, yaml.Mark]


def _node(value: Any, marks: Marks, entry: Entry) -> yaml.Node:
    if isinstance(value, Block):
        return value.node()
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [_node(item, marks, entry) for item in value]
        return yaml.SequenceNode("", items, *marks)
    style = '"' if isinstance(value, str) else None
    return _scalar(written(value, verbatim=entry.verbatim), marks, style)


def _scalar(text: str, marks: Marks, style: str | None = None) -> yaml.ScalarNode:
    return yaml.ScalarNode("", text, *marks, style=style)


def _marks(file: str, line: int) -> Marks:
    """Return where something begins and ends; without a column, it is the whole line."""
    column, width = (line.column, line.width) if isinstance(line, Line) else (0, 1)
    return _mark(file, line, column), _mark(file, line, column + width)


def _mark(file: str, line: int, column: int) -> yaml.Mark:
    return yaml.Mark(file, 0, line - 1, column - 1, None, 0)
