"""Reads a file with a model of its own, checked as carefully as the configuration."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from injector.base.errors import ConfigError
from injector.config.document import Document, read_document
from injector.config.model import Block
from injector.config.problem import Breach
from injector.config.readers import block_reader
from injector.config.walk import Walk

B = TypeVar("B", bound=Block)


def load_block(
    path: str,
    environ: Mapping[str, str],
    kind: type[B],
    *,
    rules: Callable[[B, Document], Iterable[Breach]],
    example: str,
) -> B:
    """Return the file's block; the error for an empty file suggests `example`.

    Raises ConfigError with everything that is wrong, in the order of its lines.
    """
    return read_block(read_document(path, example=example), environ, kind, rules=rules)


def read_block(
    document: Document,
    environ: Mapping[str, str],
    kind: type[B],
    *,
    rules: Callable[[B, Document], Iterable[Breach]],
) -> B:
    """Return the block that a document is; raises ConfigError as `load_block`."""
    walk = Walk(document, environ)
    try:
        block: B = block_reader(kind).read(walk, document.root, ())
    except RecursionError:
        raise ConfigError(f"{document.file}: is nested too deeply") from None
    findings = [found for found in rules(block, document) if found.stands(walk.broken)]
    problems = walk.problems + [document.problem(found.where, found.text) for found in findings]
    if problems:
        raise ConfigError(*document.shown(problems))
    return block
