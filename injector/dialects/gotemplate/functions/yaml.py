"""YAML as Go's yaml.v2 reads and writes it; libyaml does the work, of which yaml.v2 is a port."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.go.numbers import shortest
from injector.dialects.gotemplate.go.values import (
    MISSING,
    NIL_POINTER,
    AnyMap,
    Number,
    Struct,
    bytes_of,
)

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INFINITE = {
    sign + dot: value
    for sign, value in (("", math.inf), ("+", math.inf), ("-", -math.inf))
    for dot in (".inf", ".Inf", ".INF")
}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_CHUNKS = re.compile(r"[0-9]+|[^0-9]")
_LARGEST = 2**64 - 1
# More than any secret's document has: a few lines with aliases of aliases can have a billion.
_MOST_NODES = 1_000_000
_TAG = "tag:yaml.org,2002:"


def parse_yaml(text: str) -> Any:
    """Return the first document; maps have keys of any type."""
    if not text:
        return {}
    try:
        return _constructed(_Loader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f" at line {mark.line + 1}" if mark else ""
        raise GoError(f"the text is not valid YAML{at}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise GoError("the text is not valid YAML") from None


def _constructed(loader: "_Loader") -> Any:
    """Return the document; raises GoError, as Go does, if its aliases make it far too large."""
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > _MOST_NODES:
            raise GoError("document contains excessive aliasing")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[yaml.Node, int]) -> int:
    """Count the nodes of a document with its aliases expanded."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if node not in known:
        known[node] = 0  # inside itself
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[node] = 1 + sum(_size(part, known) for part in parts)
    return known[node]


def to_yaml(value: Any) -> str:
    try:
        text = yaml.dump(
            value, Dumper=_Dumper, allow_unicode=True, default_flow_style=False, sort_keys=False
        )
    except (yaml.YAMLError, RecursionError):
        raise GoError("the value cannot be written as YAML") from None
    # A scalar document has an end marker, which Go omits.
    return str(text).removesuffix("...\n").strip()


def resolved(text: str) -> Any:
    """Return the value of a plain scalar."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text in _INFINITE:
        return _INFINITE[text]
    if text in (".nan", ".NaN", ".NAN"):
        return math.nan
    plain = text.replace("_", "")
    if _INTEGER.fullmatch(plain) and plain[:1]:
        return _integer(plain)
    return float(plain) if _FLOAT.fullmatch(plain) else text


def _integer(text: str) -> int | float:
    digits = text.lstrip("+-").lower()
    base = 10
    for prefix, of_prefix in (("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)):
        if digits.startswith(prefix) and len(digits) > len(prefix):
            base, digits = of_prefix, digits.removeprefix(prefix)
            break
    value = int(digits, base)
    if value > _LARGEST:
        return float(text)
    return -value if text.startswith("-") else value


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 as yaml.v2 understands it, without dates and base 60."""


class _Dumper(yaml.CSafeDumper):
    """Maps in yaml.v2's order, strings quoted where it quotes them, no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


# -- reading


def _read_word(_loader: _Loader, node: yaml.ScalarNode) -> Any:
    return resolved(node.value)


def _read_text(_loader: _Loader, node: yaml.ScalarNode) -> Any:
    # Plain scalars have been resolved as strings by libyaml's own rules, which differ slightly.
    return node.value if node.style else resolved(node.value)


def _read_map(loader: _Loader, node: yaml.MappingNode) -> Any:
    loader.flatten_mapping(node)
    made = AnyMap()
    for key, item in node.value:
        made[loader.construct_object(key, deep=True)] = loader.construct_object(item, deep=True)
    return made


for _kind in ("int", "float", "bool", "null", "timestamp", "value"):
    _Loader.add_constructor(f"{_TAG}{_kind}", _read_word)
_Loader.add_constructor(f"{_TAG}map", _read_map)
_Loader.add_constructor(f"{_TAG}str", _read_text)


# -- writing


def _plain(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Return a plain scalar: without quotes and without a tag."""
    tag = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, text)


def _write_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(f"{_TAG}str", text, style=_style(text))


def _write_number(dumper: _Dumper, value: Number) -> yaml.ScalarNode:
    text = str(value)
    whole = resolved(text)
    if isinstance(whole, int) and abs(whole) < 2**63:
        return _plain(dumper, str(whole))
    return _plain(dumper, _float(float(text)))


def _write_map(dumper: _Dumper, value: Mapping[Any, Any]) -> yaml.MappingNode:
    pairs = [(key, value[key]) for key in sorted(value, key=_natural)]
    return dumper.represent_mapping(f"{_TAG}map", pairs)


def _write_list(dumper: _Dumper, value: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence(f"{_TAG}seq", value)


def _write_struct(dumper: _Dumper, value: Struct) -> yaml.MappingNode:
    # yaml.v2 writes the names of fields in lower case.
    return _write_map(dumper, {name.lower(): item for name, item in value.fields.items()})


def _write_nil(dumper: _Dumper, _value: Any) -> yaml.ScalarNode:
    return _plain(dumper, "null")


_WRITERS: dict[type, Callable[[_Dumper, Any], yaml.Node]] = {
    Number: _write_number,
    str: _write_text,
    bool: lambda dumper, value: _plain(dumper, "true" if value else "false"),
    float: lambda dumper, value: _plain(dumper, _float(value)),
    Struct: _write_struct,
    type(MISSING): _write_nil,
    type(NIL_POINTER): _write_nil,
}
_FAMILIES: dict[type, Callable[[_Dumper, Any], yaml.Node]] = {
    int: lambda dumper, value: _plain(dumper, int.__repr__(value)),
    dict: _write_map,
    list: _write_list,
}
for _type, _writer in (_WRITERS | _FAMILIES).items():
    _Dumper.add_representer(_type, _writer)
for _type, _writer in _FAMILIES.items():  # subclasses are written alike
    _Dumper.add_multi_representer(_type, _writer)


def _style(text: str) -> str | None:
    """Return the style in which yaml.v2 writes a string."""
    if not isinstance(resolved(text), str) or _BASE_60.fullmatch(text) or _DATE.fullmatch(text):
        return '"'
    return "|" if "\n" in text else None


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return shortest(value)


def _natural(key: Any) -> Any:
    """Order keys like yaml.v2: numbers within strings by value, letters after everything else."""
    if not isinstance(key, str):
        is_number = isinstance(key, int | float)
        return (0, float(key) if is_number else 0.0, ())
    parts = []
    for chunk in _CHUNKS.findall(key):
        if chunk.isdigit():
            parts.append((0, int(chunk), len(chunk), b""))
        else:
            parts.append((int(chunk.isalpha()), 0, 0, bytes_of(chunk)))
    return (1, 0.0, tuple(parts))


FUNCTIONS: dict[str, Callable[..., Any]] = {"parseYAML": parse_yaml, "toYAML": to_yaml}
