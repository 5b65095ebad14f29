"""RFC 6902 as evanphx/json-patch 5.9.11 (its v4 API) applies it, with its messages.

Users' patches were written against that library, which differs from the standard: negative indices
count from the end, and `replace` of a missing member of an object adds it.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from injector.inject.go.values import quoted

Operation = Mapping[str, Any]

# The names of JSON's types in Go's messages.
GO_KINDS: dict[type, str] = {
    dict: "object",
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
}
KINDS = ("add", "remove", "replace", "move", "test", "copy")
DEEPEST = 100
VALUE_STARTS = frozenset('tfn"[{-0123456789')


class _Missing(Exception):
    """A step of a path does not exist."""


class _Differs(Exception):
    """A `test` found another value."""


def decode(text: str) -> list[Operation]:
    """Read a patch; raises ValueError with Go's message. `null` and `[]` are empty ones."""
    try:
        patch = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ValueError(_syntax_error(text, exc)) from None
    if patch is None:
        return []
    if _is_deep(patch):
        raise ValueError("exceeded max depth")
    if not isinstance(patch, list):
        raise ValueError(_misfit(patch, "jsonpatch.Patch"))  # noqa: TRY004 - as all others
    for operation in patch:
        if operation is not None and not isinstance(operation, dict):
            raise ValueError(_misfit(operation, "jsonpatch.Operation"))
    return [operation or {} for operation in patch]


def _is_deep(value: Any) -> bool:
    """Return whether a value nests more deeply than can be copied; Go's limit is 10,000."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _misfit(value: object, wanted: str) -> str:
    return f"json: cannot unmarshal {GO_KINDS[type(value)]} into Go value of type {wanted}"


def _syntax_error(text: str, error: Exception) -> str:
    start = text.lstrip()
    for word in ("null", "true", "false"):
        for index, (want, got) in enumerate(zip(word, start, strict=False)):
            if want != got:
                if index:
                    return f"invalid character {got!r} in literal {word} (expecting {want!r})"
                break
    if isinstance(error, json.JSONDecodeError) and error.pos >= len(text):
        return "unexpected end of JSON input"
    if start[:1] not in VALUE_STARTS:
        return f"invalid character {start[:1]!r} looking for beginning of value"
    return "exceeded max depth" if isinstance(error, RecursionError) else str(error)


def apply(document: Any, patch: Sequence[Operation]) -> Any:
    """Return the document with the operations done to a copy of it, in their order.

    Raises ValueError with the library's message at the first that cannot be done.
    """
    document = copy.deepcopy(document)
    for operation in patch:
        document = _apply_one(document, operation)
    return document


def _apply_one(document: Any, operation: Operation) -> Any:
    kind, path = operation.get("op"), operation.get("path")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}")
    _check_paths(kind, operation)
    assert isinstance(path, str)
    value = copy.deepcopy(operation.get("value"))
    if kind in ("move", "copy"):
        value = _source(document, kind, operation["from"])
    if kind == "replace" and not path:
        if not isinstance(value, dict | list):
            raise ValueError("replace operation value must be object or array: %!w(<nil>)")
        return value
    if kind == "test" and not path:
        if document != value:
            raise ValueError(f"testing value {path} failed: test failed")
        return document
    try:
        parent, key = _find(document, path)
    except _Missing:
        raise ValueError(_no_parent(kind, path)) from None
    _change(kind, parent, key, path, value)
    return document


def _check_paths(kind: str, operation: Operation) -> None:
    names = ("from", "path") if kind in ("move", "copy") else ("path",)
    for name in names:
        if isinstance(operation.get(name), str):
            continue
        detail = ""
        if name == "from":
            detail = "operation, missing from field: "
        elif kind not in ("add", "remove", "copy"):
            detail = "operation missing path field: "
        raise ValueError(f"{kind} operation failed to decode {name}: {detail}missing value")


def _source(document: Any, kind: str, path: str) -> Any:
    """Return the value that `copy` copies, or the one that `move` takes away."""
    try:
        parent, key = _find(document, path)
    except _Missing:
        raise ValueError(
            f"{kind} operation does not apply: doc is missing from path: {path}: missing value"
        ) from None
    try:
        value = copy.deepcopy(_get(parent, key))
        if kind == "move":
            _take(parent, key)
    except ValueError as exc:
        where = f"path: '{key}'" if kind == "move" else f"from: '{path}'"
        raise ValueError(f"error in {kind} for {where}: {exc}") from None
    return value


def _no_parent(kind: str, path: str) -> str:
    missing = {
        "replace": f"doc is missing path: {path}",
        "test": f"is missing path: {path}",
        "move": f"doc is missing destination path: {path}",
        "copy": f"doc is missing destination path: {path}",
    }.get(kind, f'doc is missing path: "{path}"')
    return f"{kind} operation does not apply: {missing}: missing value"


def _change(kind: str, parent: Any, key: str, path: str, value: Any) -> None:
    try:
        _CHANGES.get(kind, _put)(parent, key, value)
    except _Differs:
        raise ValueError(f"testing value {path} failed: test failed") from None
    except _Missing:
        raise ValueError(
            f"replace operation does not apply: doc is missing key: {path}: missing value"
        ) from None
    except ValueError as exc:
        if kind == "copy":
            raise ValueError(f"error while adding value during copy: {exc}") from None
        raise ValueError(f"error in {kind} for path: '{path}': {exc}") from None


def _test(parent: Any, key: str, value: Any) -> None:
    if _get(parent, key) != value:
        raise _Differs


def _remove(parent: Any, key: str, _value: Any) -> None:
    _take(parent, key)


def _replace(parent: Any, key: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[key] = value
        return
    try:
        index = _index(key, len(parent))
    except ValueError:
        raise _Missing from None
    parent[index] = value


def _put(parent: Any, key: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[key] = value
    elif key == "-":
        parent.append(value)
    else:
        parent.insert(_index_to_insert(key, len(parent)), value)


_CHANGES: dict[str, Callable[[Any, str, Any], None]] = {
    "test": _test,
    "remove": _remove,
    "replace": _replace,
}


def _find(document: Any, path: str) -> tuple[Any, str]:
    """Return the parent of what a path names, and the last part of the path."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    if len(parts) == 1:
        raise _Missing
    for part in parts[1:-1]:
        try:
            document = _get(document, part)
        except ValueError:
            raise _Missing from None
        if not isinstance(document, dict | list):
            raise _Missing
    return document, parts[-1]


def _get(parent: Any, key: str) -> Any:
    return parent[_index(key, len(parent))] if isinstance(parent, list) else parent.get(key)


def _take(parent: Any, key: str) -> None:
    if isinstance(parent, list):
        del parent[_index(key, len(parent))]
    elif key not in parent:
        raise ValueError(f"Unable to remove nonexistent key: {key}: missing value")
    else:
        del parent[key]


def _index_to_insert(key: str, size: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", key):
        raise ValueError(f"value was not a proper array index: '{key}': {_no_number(key)}")
    return _index(key, size + 1)


def _index(key: str, size: int) -> int:
    """Return the index that a key names in a list; a negative one counts from the end."""
    if not re.fullmatch(r"[+-]?[0-9]+", key):
        raise ValueError(_no_number(key))
    index = int(key[:20])  # longer ones are beyond any list
    if not -size <= index < size:
        raise ValueError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index % size


def _no_number(key: str) -> str:
    return f"strconv.Atoi: parsing {quoted(key)}: invalid syntax"
