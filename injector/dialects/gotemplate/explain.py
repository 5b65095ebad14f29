"""Explains an error in a template: Go's message, and what a person needs in addition."""

import re
from collections.abc import Callable, Collection
from typing import Any

from injector.base.errors import InjectorError, MissingError, RenderError
from injector.config.problem import did_you_mean
from injector.dialects.gotemplate.go.faults import ExecutionFault, NoEntryError
from injector.dialects.gotemplate.go.values import bytes_of
from injector.rendering.template.model import Source
from injector.rendering.template.scan import line_and_column

_LONGEST_QUOTE = 60


def shown(source: str) -> str:
    """Return a part of a source for a message: what is not UTF-8 could not be printed."""
    return bytes_of(source).decode(errors="replace")


def explained(
    source: Source, fault: ExecutionFault, path_of: Callable[[Any], str]
) -> InjectorError:
    """Return the exception to raise; `path_of` returns the path of the secret that has a map."""
    line, column = fault.position
    context = " ".join(shown(fault.context).split())
    if len(context) > _LONGEST_QUOTE:
        context = f"{context[:_LONGEST_QUOTE]}…"
    at = f" (at <{context}>)"
    why = fault.why
    if not isinstance(why, NoEntryError):
        return _placed(source, RenderError(f"{why}{at}"), line, column)
    path = path_of(why.place)
    where = f" in {path}" if path else ""
    known = [key for key in why.place if isinstance(key, str)] if why.place else []
    why_not = MissingError(f"{why}{where}{at}{did_you_mean(why.key, known)}")
    return _placed(source, why_not, line, column)


def misspelled(source: Source, line: int, why: str, known: Collection[str]) -> RenderError:
    """Return the error for a source that is no template: Go's message, and what to do."""
    if unknown := re.fullmatch(r'function "(\w+)" not defined', why):
        found = re.search(rf"\b{unknown[1]}\b", source.text.split("\n")[line - 1])
        column, width = (found.start() + 1, len(found[0])) if found else (0, 1)
        error = RenderError(f"{why}{did_you_mean(unknown[1], list(known))}")
        return source.fault(error, line, column, width)
    if why == "unexpected EOF" and (opened := _never_closed(source)):
        end = f"{source.left_delimiter} end {source.right_delimiter}"
        error = RenderError(f"{why}: this `{opened[1]}` is never closed; add `{end}`")
        return source.fault(error, *line_and_column(source.text, opened.start(1)), len(opened[1]))
    return source.fault(RenderError(why), line)


def _never_closed(source: Source) -> re.Match[str] | None:
    """Return the last block that is begun and has no end."""
    left, right = re.escape(source.left_delimiter), re.escape(source.right_delimiter)
    opened: list[re.Match[str]] = []
    words = rf"{left}-?\s*(if|with|range|define|block|end)\b.*?{right}"
    for tag in re.finditer(words, source.text, re.DOTALL):
        if tag[1] != "end":
            opened.append(tag)
        elif opened:
            opened.pop()
    return opened[-1] if opened else None


def _placed(source: Source, error: InjectorError, line: int, column: int) -> InjectorError:
    """Return the error with its place; Go counts columns in bytes, from 0."""
    text = source.text.split("\n")[line - 1]
    return source.fault(error, line, len(bytes_of(text)[:column].decode(errors="replace")) + 1)
