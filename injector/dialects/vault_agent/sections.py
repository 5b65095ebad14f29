"""Reads the options of blocks by the table of options, and collects all mistakes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from injector.config.problem import Problem, Where, Wrong, did_you_mean
from injector.dialects.hcl import Item, List, Literal, Object
from injector.dialects.vault_agent.options import OPTIONS, STRICT
from injector.dialects.vault_agent.row import Row, Support, ValueType
from injector.dialects.vault_agent.scalars import convert

_BLOCKS = (ValueType.BLOCK, ValueType.MERGED, ValueType.LAST, ValueType.BLOCKS)
_NO_BLOCK = "expected a block, with options in braces"
_ROWS = {key: {row.name: row for row in rows} for key, rows in OPTIONS.items()}


@dataclass(slots=True)
class Notes:
    """Everything to report about the files."""

    unknown: int = 0  # number of unknown options
    texts: dict[str, str] = field(default_factory=dict, repr=False)  # each file's source
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    advice: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """One block: its options by name, without invalid ones."""

    file: str
    line: int
    where: Where
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    def block(self, name: str) -> "Section | None":
        found = self.values.get(name)
        return found if isinstance(found, Section) else None

    def blocks(self, name: str) -> "list[Section]":
        found: list[Section] = self.values.get(name, [])
        return found

    def at(self, name: str) -> int:
        return self.lines.get(name, self.line)

    def problem(self, name: str, text: str) -> Problem:
        where = (*self.where, name) if name else self.where
        return Problem(self.at(name), where, text, self.file)


def read_file(file: str, tree: Object, notes: Notes) -> Section:
    """Read a whole file."""
    return _Reader(file, notes).section(tree, "", (), tree.line)


class _Reader:
    def __init__(self, file: str, notes: Notes) -> None:
        self._file = file
        self._notes = notes

    def section(self, tree: Object, key: str, where: Where, line: int) -> Section:
        found = Section(self._file, line, where)
        rows = _ROWS[key]
        by_name: dict[str, list[Item]] = {}
        for item in tree.items:
            name = item.key.lower()  # the agents ignore case
            if name in rows:
                by_name.setdefault(name, []).append(item)
            else:
                self._unknown(item, key, where)
        # The type of a block decides which options its inner blocks have, so blocks come last.
        for name in sorted(by_name, key=lambda name: rows[name].kind in _BLOCKS):
            items = by_name[name]
            found.lines[name] = _place(items[-1])
            try:
                self._option(found, rows[name], items, key)
            except Wrong as wrong:
                found.broken.add(name)
                self._notes.problems.append(found.problem(name, str(wrong)))
        return found

    def _unknown(self, item: Item, key: str, where: Where) -> None:
        """Record an unknown option: an error if the agents reject it too."""
        self._notes.unknown += 1
        hint = did_you_mean(item.key, [*_ROWS[key]])
        if key in STRICT:
            noted, said = self._notes.problems, f"unknown option '{item.key}'{hint}"
        else:
            noted = self._notes.warnings
            said = f"unknown option '{item.key}' is ignored, as by the agents{hint}"
        noted.append(Problem(item.line, where, said, self._file))

    def _option(self, found: Section, row: Row, items: list[Item], key: str) -> None:
        value = self._value(found, row, items, key)
        if row.state is Support.REFUSED and value not in (False, "", (), 0):
            raise Wrong(row.says)
        if row.state is Support.WARNED and value not in (False, "", (), 0):
            self._notes.warnings.append(found.problem(row.name, row.says))
        if row.state in (Support.DONE, Support.WARNED):
            found.values[row.name] = value

    def _value(self, found: Section, row: Row, items: list[Item], key: str) -> Any:
        where = (*found.where, row.name)
        if row.kind not in _BLOCKS:
            if len(items) > 1:
                said = f"is set {len(items)} times: the last one applies"
                self._notes.warnings.append(found.problem(row.name, said))
            return convert(row.kind, items[-1].value, strict=key in STRICT)
        inner = _inner(found, row, key)
        if inner not in OPTIONS:
            return None  # has no effect here, so its options are not checked
        blocks = list(_blocks(row, items, inner))
        if not blocks and row.kind is not ValueType.BLOCKS:
            raise Wrong(_NO_BLOCK)
        if row.kind is ValueType.BLOCKS:
            return [self._labelled(row, b, inner, (*where, i)) for i, b in enumerate(blocks)]
        if row.kind is ValueType.MERGED:
            together = tuple(item for block in blocks for item in block.tree.items)
            return self.section(Object(together, items[0].line), inner, where, items[0].line)
        if row.kind is ValueType.BLOCK and len(blocks) > 1:
            raise Wrong(f"line {blocks[0].line} already has this block, which can only occur once")
        return self._labelled(row, blocks[-1], inner, where)

    def _labelled(self, row: Row, block: "_Block", inner: str, where: Where) -> Section:
        tree = block.tree
        if row.label and block.labels and not _has(tree, row.label):
            word = block.labels[0] if row.label == "name" else block.labels[0].lower()
            label = Item(row.label, (), Literal(word, block.line), block.line)
            tree = Object((label, *tree.items), tree.line)
        found = self.section(tree, inner, where, block.line)
        if row.label and len(block.labels) > 1:
            self._notes.problems.append(found.problem("", "has more than one label"))
        return found


@dataclass(frozen=True, slots=True)
class _Block:
    labels: tuple[str, ...]
    tree: Object
    line: int


def _inner(found: Section, row: Row, key: str) -> str:
    """Return which options an inner block has: those of a login depend on its type."""
    if key == "auto_auth.method" and row.name == "config":
        return f"{key}.config({found.get('type', '')})"
    name = "sink" if row.name == "sinks" else row.name
    return f"{key}.{name}" if key else name


def _blocks(row: Row, items: Iterable[Item], inner: str) -> Iterator[_Block]:
    for item in items:
        value = item.value
        if isinstance(value, List) and all(isinstance(each, Object) for each in value.items):
            trees = [each for each in value.items if isinstance(each, Object)]
            yield from (_Block(item.labels, each, each.line) for each in trees)
        elif isinstance(value, Object):
            yield from _by_label(row, item, value, inner)
        elif row.name == "wait" and isinstance(value, Literal) and isinstance(value.value, str):
            yield _Block((), _wait(value), item.line)
        else:
            raise Wrong(_NO_BLOCK)


def _by_label(row: Row, item: Item, tree: Object, inner: str) -> Iterator[_Block]:
    """Yield a block, or those in it: `method { approle { … } }` is how JSON expresses a label."""
    labelled = row.label and not item.labels and tree.items
    if labelled and all(
        isinstance(each.value, Object) and each.key.lower() not in _ROWS[inner]
        for each in tree.items
    ):
        for each in tree.items:
            if isinstance(each.value, Object):
                yield _Block((each.key, *each.labels), each.value, each.line)
    else:
        yield _Block(item.labels, tree, item.line)


def _place(item: Item) -> int:
    """Return the line and column of a single value; of anything else, those of its name."""
    value = item.value
    return value.line if isinstance(value, Literal) and value.line == item.line else item.line


def _wait(value: Literal) -> Object:
    """Read `wait = "2s:10s"`, which means `wait { min = "2s" max = "10s" }`."""
    least, _, most = str(value.value).partition(":")
    items = [Item("min", (), Literal(least.strip(), value.line), value.line)]
    if most:
        items.append(Item("max", (), Literal(most.strip(), value.line), value.line))
    return Object(tuple(items), value.line)


def _has(tree: Object, name: str) -> bool:
    return any(item.key.lower() == name for item in tree.items)


def merged(files: Sequence[Section]) -> Section:
    """Merge the files in the given order: a later block replaces the whole of an earlier one."""
    first, *others = files
    result = Section(first.file, first.line, (), dict(first.values), dict(first.lines))
    result.broken = set(first.broken)
    kinds = {row.name: row.kind for row in OPTIONS[""]}
    for other in others:
        result.broken |= other.broken
        for name, value in other.values.items():
            if kinds[name] is ValueType.BLOCKS:
                result.values[name] = [*result.blocks(name), *value]
            elif value not in (False, ""):  # an unset value does not replace one
                result.values[name] = value
                result.lines[name] = other.lines[name]
    return result
