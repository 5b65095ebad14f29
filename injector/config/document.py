"""A configuration file as a tree of YAML nodes, each of which knows its line."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from types import ModuleType

import yaml

from injector.base.errors import ConfigError
from injector.config.excerpt import Line
from injector.config.problem import Problem, Where, Wrong
from injector.config.standing import Standing, standing
from injector.config.textfile import read_text

Pair = tuple[yaml.Node, yaml.Node]

# What a file that is empty, or not a mapping, should contain.
EXAMPLE = "`vault:`, `auto_auth:` and `template:`"
EXTENSIONS = (".yaml", ".yml", ".json")
# More values than any configuration has: a thousand templates are some 15,000. Aliases count each
# time, and long text counts as several.
MOST_VALUES, LONG = 250_000, 1024
_TOO_MANY = (
    f"has more than {MOST_VALUES:,} values (an alias counts each time): is it the right file?"
)
TOO_DEEP = "is nested too deeply"


class _Loader(yaml.CSafeLoader):
    """libyaml as far as the tree: what a plain word means is decided by the key it belongs to."""

    found = 0

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        """Return no tag, so that tags in the file can be detected."""
        del kind, value, implicit
        self.found += 1
        if self.found > MOST_VALUES:
            raise Wrong(_TOO_MANY)
        return ""


class Document:
    """The tree of one file, and where in it things are."""

    def __init__(self, file: str, root: yaml.MappingNode, text: str = "") -> None:
        self.file = file
        self.root = root
        self._texts = {file: text}
        self._lines: dict[str, list[str]] = {}

    def line(self, where: Where) -> int:
        """Return the line of the value, or of the nearest block around it; 0 if it has none."""
        return self.find(where)[0]

    def problem(self, where: Where, text: str) -> Problem:
        """Return what is wrong with a value, with its place: its own, or that of its key."""
        return Problem(self.spot(where), where, text)

    def shown(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return problems with their files and lines, in the order of the lines."""
        found = [each.within(self.file, self.lines(each.file)) for each in problems]
        return tuple(sorted(found, key=self._order))

    def _order(self, found: Problem) -> tuple[bool, str, int, int]:
        return found.file != self.file, found.file, found.line, found.column

    def lines(self, file: str = "") -> Sequence[str]:
        """Return the lines of a file that this was read from, split once: all templates ask."""
        file = file or self.file
        if file not in self._lines:
            self._lines[file] = lines_of(self._texts.get(file, ""))
        return self._lines[file]

    def spot(self, where: Where) -> int:
        """Return the line and column of a single value; of anything else, those of its key."""
        line, node = self.find(where)
        value = line_of(node)
        is_written = isinstance(node, yaml.ScalarNode) and bool(node.value or node.style)
        return value if is_written and value == line else line

    def written(self, where: Where) -> str:
        """Return a single value as it stands in the file, before anything is expanded."""
        node = self.find(where)[1]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def standing(self, where: Where, text: str) -> Standing:
        """Return where the text of a template stands that is a value here."""
        place = self.problem(where, "")
        file = place.file or self.file
        return standing(file, self.lines(file), place.line, text)

    def find(self, where: Where) -> tuple[int, yaml.Node]:
        """Return line and node of the value, as far along the path as the file goes."""
        line: int = 0
        node: yaml.Node = self.root
        for step in where:
            if isinstance(step, int):
                # A single block or value stands for a list of one.
                node = node.value[step] if isinstance(node, yaml.SequenceNode) else node
                line = line_of(node)
                continue
            pair = _entry(node, step)
            if pair is None:
                break
            line, node = line_of(pair[0]), pair[1]
        return line, node


def line_of(node: yaml.Node) -> Line:
    """Return where a node begins; of a block, its first key is what is meant."""
    start, end = node.start_mark, node.end_mark
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        first = node.value[0][0]
        end = first.end_mark if first.start_mark.index == start.index else start
    width = end.column - start.column if end.line == start.line else 1
    return Line(start.line + 1, start.column + 1, max(width, 1))


def lines_of(text: str) -> list[str]:
    """Return the lines as YAML counts them."""
    return re.split("\r\n|[\n\r\x85\u2028\u2029]", text)


def _entry(node: yaml.Node, key: str) -> Pair | None:
    pairs: list[Pair] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((pair for pair in pairs if pair[0].value == key), None)


def read_document(file: str, *, example: str = EXAMPLE, others: tuple[str, ...] = ()) -> Document:
    """Read and parse; raises ConfigError with what is wrong with the file as a whole.

    `others` are file name extensions that other readers handle.
    """
    try:
        if not file.endswith(EXTENSIONS):
            raise Wrong(f"expected a name that ends in {', '.join((*EXTENSIONS, *others))}")
        text = read_text(file)
    except Wrong as wrong:
        raise ConfigError(f"{file}: {wrong}") from None
    return document_of(file, text, example=example)


def document_of(file: str, text: str, *, example: str = EXAMPLE) -> Document:
    """Parse a text; `file` is where it was read from, or what messages call it."""
    root = (
        json_root(file, text, example) if file.endswith(".json") else _compose(file, text, example)
    )
    # Another pass over the tree, only for files that may need it.
    if any(mark in text for mark in ("&", "!", "<<")):
        try:
            problems = _untangled(root)
        except RecursionError:
            raise ConfigError(f"{file}: {TOO_DEEP}") from None
        if problems:
            lines = lines_of(text)
            raise ConfigError(*(problem.within(file, lines) for problem in problems))
    return Document(file, root, text)


def block_of(file: str, key: str) -> Document | None:
    """Return a top-level block of a YAML file that is broken elsewhere; None if it has none."""
    try:
        block = re.search(rf"^{key}:.*\n?(?:(?:[ #-].*)?\n)*", f"{read_text(file)}\n", re.MULTILINE)
        return block and Document(file, _compose(file, block[0], EXAMPLE))
    except (Wrong, ConfigError):
        return None


def json_root(file: str, text: str, example: str = EXAMPLE) -> yaml.MappingNode:
    """Return the tree of a JSON text; raises ConfigError."""
    return _compose(file, _checked_json(file, text), example)


def _compose(file: str, text: str, example: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, _Loader)
    except Wrong as wrong:
        raise ConfigError(f"{file}: {wrong}") from None
    except yaml.MarkedYAMLError as error:
        place, said = _position(error), _reason(error)
        if found := _mistakes().mistake(error, lines_of(text)):
            place, said = found
        raise _unusable(file, text, place, said) from None
    except yaml.reader.ReaderError as error:
        line = text.encode().count(b"\n", 0, error.position) + 1
        raise _unusable(file, text, line, error.reason) from None
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        raise ConfigError(f"{file}: is empty; {example} go here")
    if not isinstance(root, yaml.MappingNode):
        if found := _mistakes().hcl(lines_of(text)):
            raise _unusable(file, text, *found)
        said = f"expected keys with values, such as {example}"
        raise _unusable(file, text, line_of(root), said)
    return root


def _mistakes() -> ModuleType:
    from injector.config import yaml_mistakes  # only when something is wrong

    return yaml_mistakes


def _unusable(file: str, text: str, line: int, said: str) -> ConfigError:
    return ConfigError(Problem(line, (), said).within(file, lines_of(text)))


def _position(error: yaml.MarkedYAMLError) -> Line:
    mark = error.problem_mark or error.context_mark
    return Line(mark.line + 1, mark.column + 1) if mark else Line(1)


def _reason(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, yaml.composer.ComposerError) and "single document" in str(error.context):
        return "a second document starts here; a configuration is one document: remove the `---`"
    context = f", {error.context}" if error.context else ""
    return f"not YAML: {error.problem}{context}"


_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)")


def _checked_json(file: str, text: str) -> str:
    """Reject what is not JSON, and return it in a form that YAML accepts."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if not text.strip():
            return ""
        place = Line(error.lineno, error.colno)
        raise _unusable(file, text, place, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise ConfigError(f"{file}: {TOO_DEEP}") from None
    except Wrong as wrong:
        raise ConfigError(f"{file}: not JSON: {wrong}") from None
    # JSON is YAML, except for pairs of \u escapes that represent one character.
    return _SURROGATES.sub(lambda m: m[1] + json.loads(f'"{m[2]}"'), text)


def _no_constant(name: str) -> None:
    raise Wrong(f"{name} is not allowed in JSON")


def _untangled(root: yaml.Node) -> list[Problem]:
    """Resolve merge keys; list what is wrong with tags and aliases."""
    problems: list[Problem] = []
    _untangle(root, {}, problems, set())
    if not problems and _values(root, {}) > MOST_VALUES:
        problems.append(Problem(0, (), _TOO_MANY))
    return problems


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values of a node, aliases as if they were written out."""
    if id(node) not in known:
        if isinstance(node, yaml.ScalarNode):
            inside = len(node.value) // LONG
        else:
            inside = sum(_values(each, known) for each in _inside(node))
        known[id(node)] = 1 + inside
    return known[id(node)]


def _inside(node: yaml.Node) -> Iterable[yaml.Node]:
    """Return the keys, values or items of a node."""
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _untangle(
    node: yaml.Node, above: dict[int, yaml.Node], problems: list[Problem], done: set[int]
) -> None:
    """Resolve merge keys (`<<`); reject tags, and aliases inside what they refer to."""
    if id(node) in above:
        line = line_of(above[next(reversed(above))])
        problems.append(Problem(line, (), "an alias inside the value that it refers to"))
        return
    if id(node) in done:
        return
    done.add(id(node))
    if node.tag:
        # Not quoted: it may be a password that begins with `!`.
        problems.append(
            Problem(
                line_of(node), (), "YAML tags are not supported; quote values that begin with !"
            )
        )
    above[id(node)] = node
    for each in _inside(node):
        _untangle(each, above, problems, done)
    del above[id(node)]
    if isinstance(node, yaml.MappingNode) and not problems:
        node.value = _merged(node, problems)


def _merged(mapping: yaml.MappingNode, problems: list[Problem]) -> list[Pair]:
    """Return the mapping's entries followed by the merged ones; its own take precedence."""
    own = [pair for pair in mapping.value if not _is_merge(pair[0])]
    names = set(map(_name, own))
    for key, value in mapping.value:
        if not _is_merge(key):
            continue
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(source, yaml.MappingNode):
                problems.append(Problem(line_of(key), (), "`<<` merges mappings, nothing else"))
                continue
            fresh = [pair for pair in source.value if _name(pair) not in names]
            own += fresh
            names |= set(map(_name, fresh))
    return own


def _name(pair: Pair) -> object:
    """Return a key's text; for one that is no text, something that no other key has."""
    key = pair[0]
    return key.value if isinstance(key, yaml.ScalarNode) else id(key)


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style
