"""Nodes of YAML: values that keep their spelling (`0640`, `yes`, quotes) when they are written."""

from typing import Any

import yaml

# Nobody writes a manifest, or an annotation, of more nodes than this: they are aliases of aliases.
MOST_NODES, MOST_IN_ANNOTATION = 1_000_000, 20_000


def nodes_of(value: Any) -> yaml.Node:
    """Return a value as nodes."""
    made = yaml.representer.SafeRepresenter(default_flow_style=False, sort_keys=False)
    made.add_representer(str, _text)
    return made.represent_data(value)


def parsed(text: str) -> Any:
    """Return the value of an annotation in YAML; raises ValueError with what is wrong."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if root is None else value_of(unshared(root, most=MOST_IN_ANNOTATION))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        why = getattr(exc, "problem", None) or getattr(exc, "reason", None) or exc
        raise ValueError(f"is no YAML: {why}") from None


def value_of(node: yaml.Node) -> Any:
    return _Constructor().construct_document(node)


def unshared(node: yaml.Node, *, most: int = MOST_NODES) -> yaml.Node:
    """Return a copy in which no node is in two places: a change of one must not reach the other.

    Raises ValueError for more nodes than anybody writes, and RecursionError.
    """
    return _Copier(most).copy(node)


def written(node: yaml.Node) -> str:
    """Return the text of a document."""
    text: str = yaml.serialize(node, Dumper=yaml.CSafeDumper, allow_unicode=True, width=2**31 - 1)
    return text


def merged(base: yaml.Node, over: yaml.Node, *, lists: str) -> yaml.Node:
    """Return one document with another over it; a `null` takes a key away.

    Mappings merge, a value replaces one, and so does a list, unless `lists` is `append`.
    """
    if isinstance(base, yaml.SequenceNode) and isinstance(over, yaml.SequenceNode):
        if lists == "append":
            return yaml.SequenceNode(base.tag, [*base.value, *over.value], flow_style=False)
        return over
    if not (isinstance(base, yaml.MappingNode) and isinstance(over, yaml.MappingNode)):
        return over
    found = {key.value: (key, value) for key, value in base.value}
    for key, value in over.value:
        if _is_null(value):
            found.pop(key.value, None)
        elif key.value in found:
            found[key.value] = (key, merged(found[key.value][1], value, lists=lists))
        else:
            found[key.value] = (key, value)
    return yaml.MappingNode(base.tag, [*found.values()], flow_style=False)


def at(node: yaml.Node, *path: str) -> yaml.Node | None:
    """Return what is at a path of keys; None if nothing is."""
    for step in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next((value for key, value in node.value if key.value == step), None)
        if found is None:
            return None
        node = found
    return node


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _text(made: yaml.representer.SafeRepresenter, text: str) -> yaml.Node:
    """Return the node of a text, which is written as a block if it has several lines."""
    style = "|" if "\n" in text else None
    return made.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _Constructor(yaml.constructor.SafeConstructor):
    """Makes values of nodes; a date stays the text that it is in JSON."""


_TEXT = yaml.constructor.SafeConstructor.construct_yaml_str
_Constructor.yaml_constructors = {
    **yaml.constructor.SafeConstructor.yaml_constructors,
    "tag:yaml.org,2002:timestamp": _TEXT,
}


class _Copier:
    """Copies nodes so that none is in two places: a patch of one must not reach the other."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0

    def copy(self, node: yaml.Node) -> yaml.Node:
        self._count += 1
        if self._count > self._most:
            raise ValueError(f"more than {self._most:,} values (an alias counts each time)")
        if isinstance(node, yaml.MappingNode):
            yaml.constructor.SafeConstructor().flatten_mapping(node)  # `<<`
            pairs = [(self.copy(key), self.copy(value)) for key, value in node.value]
            return yaml.MappingNode(node.tag, pairs, flow_style=node.flow_style)
        if isinstance(node, yaml.SequenceNode):
            items = [self.copy(item) for item in node.value]
            return yaml.SequenceNode(node.tag, items, flow_style=node.flow_style)
        assert isinstance(node, yaml.ScalarNode)
        return yaml.ScalarNode(node.tag, node.value, style=node.style)
