"""Reads the model's annotations, for everything that is derived from it."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from injector.config import model


def annotation(kind: Any) -> tuple[Any, list[Meta]]:
    """Split a type from its annotations; `X | None` counts as X."""
    metas: list[Meta] = []
    if get_origin(kind) is Annotated:
        kind, *metas = get_args(kind)
    if is_union(kind):
        some = [arg for arg in get_args(kind) if arg is not type(None)]
        if len(some) == 1:
            inner, more = annotation(some[0])
            return inner, more + metas
    return kind, metas


def is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def written(metas: list[Meta]) -> str:
    """Return the name of the way a value is written, if that differs from how it is kept."""
    return next((meta.extra["written"] for meta in metas if meta.extra), "")


def is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, model.Block)


def blocks(
    kind: type[model.Block] = model.Config, key: str = ""
) -> Iterator[tuple[str, type[model.Block]]]:
    """Return every block below and its key, in the model's order: `template[].wait`."""
    yield key, kind
    for info in msgspec.structs.fields(kind):
        inner, _ = annotation(info.type)
        place = f"{key}.{info.name}" if key else info.name
        if get_origin(inner) is tuple:
            inner, place = annotation(get_args(inner)[0])[0], f"{place}[]"
        elif get_origin(inner) is dict:
            inner, place = annotation(get_args(inner)[1])[0], f"{place}.*"
        for block in get_args(inner) if is_union(inner) else (inner,):
            if is_block(block):
                yield from blocks(block, place)


def duration_words(seconds: float) -> str:
    """Return a duration as people write it."""
    return "0" if not seconds else f"{seconds:g}s"
