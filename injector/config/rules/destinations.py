"""Rules for paths: where files go, and what they must not collide with."""

import os
from collections.abc import Container, Iterator
from functools import cache, partial

from injector.config import model
from injector.config.document import Document
from injector.config.problem import Breach, Where
from injector.config.rules.names import located_texts


def findings(config: model.Config, document: Document) -> Iterator[Breach]:
    for i, template in enumerate(config.template):
        yield from _destination(("template", i), template.destination)
    yield from _collisions(config, document)


def _destination(where: Where, destination: str) -> Iterator[Breach]:
    if not destination:
        return
    place = (*where, "destination")
    if not destination.startswith("/"):
        yield Breach(place, "must be absolute; begin it with '/'")
    elif "\0" in destination:
        yield Breach(place, "must not contain a NUL character")
    elif destination.endswith("/"):
        yield Breach(place, "is a directory; add the file's name")
    elif ".." in destination.split("/"):
        yield Breach(place, "must not contain '..'; write the path that is meant")


def written_paths(config: model.Config) -> Iterator[tuple[Where, str]]:
    """Return the normal form of every path that this configuration writes to."""
    for where, path in _paths(config):
        if path.startswith("/") and path != os.devnull:
            yield where, os.path.normpath("/" + path.lstrip("/"))  # it would keep two slashes


def _paths(config: model.Config) -> Iterator[tuple[Where, str]]:
    for i, template in enumerate(config.template):
        yield ("template", i, "destination"), template.destination
    for i, bundle in enumerate(config.bundle):
        yield ("bundle", i, "directory"), f"{bundle.directory}/..data"
        for j, template in enumerate(bundle.template):
            where = ("bundle", i, "template", j, "destination")
            if not template.destination.startswith("..") and "/.." not in template.destination:
                yield where, f"{bundle.directory}/{template.destination}"
    for i, sink in enumerate(config.auto_auth.sinks if config.auto_auth is not None else ()):
        yield ("auto_auth", "sinks", i, "config", "path"), sink.config.path
    for i, listener in enumerate(config.listener):
        if listener.type == "unix":
            yield ("listener", i, "address"), listener.address
    if config.cache.persist is not None:
        yield ("cache", "persist", "path"), config.cache.persist.path
    if config.journal is not None:
        yield ("journal", "path"), config.journal.path
    yield ("pid_file",), config.pid_file


def _collisions(config: model.Config, document: Document) -> Iterator[Breach]:
    """Find paths used twice, files where others need a directory, templates over their source."""
    taken: dict[str, Where] = {}
    for where, path in written_paths(config):
        first = taken.setdefault(path, where)
        if first is not where and not _share(config, first, where):
            yield Breach(
                where,
                f"line {document.line(first)} already writes to this path; give each file its own",
            )
    file_at_or_above = cache(partial(_at_or_above, taken))  # many files are in one directory
    for path, where in taken.items():
        if file := file_at_or_above(os.path.dirname(path)):
            line = document.line(taken[file])
            yield Breach(where, f"needs a directory where line {line} writes a file")
    sources = {text.source: where for where, text in located_texts(config)}
    for path, where in taken.items():
        if path in sources:
            line = document.line((*sources[path], "source"))
            yield Breach(where, f"would overwrite the template that line {line} reads")


def _at_or_above(taken: Container[str], path: str) -> str:
    """Return this path or the closest above it that is taken; empty if none is."""
    while path not in taken and len(path) > 1:
        path = os.path.dirname(path)
    return path if path in taken else ""


def _share(config: model.Config, one: Where, other: Where) -> bool:
    """Return whether two entries may append different secrets to one file."""
    if one[0] != "template" or other[0] != "template":
        return False
    first, second = config.template[int(one[1])], config.template[int(other[1])]
    return first.appends and second.appends and first.secret != second.secret
