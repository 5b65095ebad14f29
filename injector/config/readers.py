"""Derives readers of configuration values from the model's types, once per block."""

import functools
import operator
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import msgspec
import yaml
from msgspec import NODEFAULT, Meta

from injector.config import leaves, model
from injector.config.introspect import annotation, is_block, written
from injector.config.leaves import Scalar
from injector.config.problem import Where, Wrong
from injector.config.walk import (
    Field,
    Reader,
    Walk,
    read_anything,
    read_command,
    read_dict,
    read_fields,
    read_tuple,
    scalar_of,
)


def read_config(walk: Walk) -> model.Config:
    """Read the whole document; the result counts only if `walk.problems` stays empty."""
    config: model.Config = block_reader(model.Config).read(walk, walk.document.root, ())
    return config


# `auto_auth.method.config`: what it is depends on the type beside it.
_LATER = Reader(lambda _walk, node, _where: node, lambda: None)


@functools.cache
def block_reader(kind: type[model.Block]) -> Reader:
    fields: dict[str, Field] = {}
    for info in msgspec.structs.fields(kind):
        reader = _field_reader(kind, info)
        fields[info.name] = Field(reader, required=info.required and reader is not _LATER)

    def read(walk: Walk, node: yaml.Node, where: Where) -> model.Block:
        return kind(**read_fields(walk, node, where, fields))

    def read_method(walk: Walk, node: yaml.Node, where: Where) -> model.Block:
        values = read_fields(walk, node, where, fields)
        return kind(**(values | _by_method_type(walk, node, where, values)))

    def stand_in() -> model.Block:
        needed = {name: f.reader.stand_in() for name, f in fields.items() if f.required}
        return kind(**needed)

    if kind is model.Method:
        return Reader(read_method, _method_stand_in, compound=True)
    return Reader(read, stand_in, compound=True)


def _method_stand_in() -> model.Method:
    return model.Method(type="kubernetes", config=model.Kubernetes(role=""))


def _by_method_type(
    walk: Walk, node: yaml.Node, where: Where, values: dict[str, Any]
) -> dict[str, Any]:
    """Return what depends on the method's type: its `config` and `mount_path`."""
    kind = model.METHODS[values["type"]]
    reader = block_reader(kind)
    if (*where, "type") in walk.broken:
        config = reader.stand_in()
    else:
        absent = yaml.MappingNode("", [], node.start_mark, node.end_mark)
        config = reader.read_or_note(walk, values.get("config") or absent, (*where, "config"))
    return {"config": config, "mount_path": values.get("mount_path", "").strip("/") or kind.mount}


def _field_reader(kind: type[model.Block], info: msgspec.structs.FieldInfo) -> Reader:
    if kind is model.Method and info.name == "config":
        return _LATER
    reader = reader_of(info.type)
    if info.default is not NODEFAULT:
        compound = reader.compound or info.default is None
        return Reader(reader.read, lambda: info.default, compound)
    if info.default_factory is not NODEFAULT:
        return Reader(reader.read, info.default_factory, reader.compound)
    return reader


def reader_of(kind: Any) -> Reader:
    """Return the reader of a type as it is annotated in the model."""
    plain, metas = annotation(kind)
    if get_origin(plain) is tuple:
        return _tuple_reader(get_args(plain)[0], metas)
    if get_origin(plain) is dict:
        item = reader_of(get_args(plain)[1])
        return Reader(lambda w, n, p: read_dict(w, n, p, item), dict, compound=True)
    if is_block(plain):
        return block_reader(plain)
    if plain is Any:
        return Reader(read_anything, lambda: None)
    return _scalar_reader(plain, metas)


def _tuple_reader(kind: Any, metas: list[Meta]) -> Reader:
    command = written(metas) == "command"
    item = reader_of(kind)
    needs_one = any(meta.min_length for meta in metas)

    def read(walk: Walk, node: yaml.Node, where: Where) -> tuple[Any, ...]:
        found = read_command(walk, node, where) if command else read_tuple(walk, node, where, item)
        if needs_one and not found:
            raise Wrong("must not be empty")
        return found

    return Reader(read, tuple, compound=True)


def _scalar_reader(kind: Any, metas: list[Meta]) -> Reader:
    if get_origin(kind) is Literal:
        valid = get_args(kind)
        read_literal = leaves.login if valid == tuple(model.METHODS) else leaves.literal
        return Reader(lambda w, n, _: read_literal(scalar_of(w, n), valid), lambda: valid[0])
    way = written(metas)
    convert = _CONVERT.get(way or kind, leaves.text)
    limits = _limits(metas)

    def read(walk: Walk, node: yaml.Node, _where: Where) -> Any:
        scalar = scalar_of(walk, node, verbatim=way == "verbatim")
        value = leaves.path(scalar, walk.directory) if way == "path" else convert(scalar)
        for keeps, limit, demand in limits:
            if not keeps(value, limit):
                raise Wrong(demand)
        return value

    return Reader(read, kind)


_CONVERT: dict[Any, Callable[[Scalar], Any]] = {
    str: leaves.text,
    bool: leaves.boolean,
    int: leaves.whole,
    float: leaves.number,
    "verbatim": leaves.text,
    "amount": leaves.amount,
    "duration": leaves.duration,
    "perms": leaves.perms,
    "absolute path": leaves.absolute_path,
    "signal": leaves.signal_name,
    "owner": leaves.owner,
    "namespace": leaves.namespace,
}


def _limits(metas: list[Meta]) -> list[tuple[Callable[[Any, Any], bool], Any, str]]:
    """Return the model's limits as comparison, limit, and message for a value beyond it."""
    limits: list[tuple[Callable[[Any, Any], bool], Any, str]] = []
    for meta in metas:
        if meta.min_length:
            limits.append((operator.ne, "", "must not be empty"))
        if meta.ge is not None:
            limits.append((operator.ge, meta.ge, f"must be at least {meta.ge:g}"))
        if meta.gt is not None:
            limits.append((operator.gt, meta.gt, f"must be more than {meta.gt:g}"))
        if meta.le is not None:
            limits.append((operator.le, meta.le, f"must be at most {meta.le}"))
    return limits
