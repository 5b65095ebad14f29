"""Explains an error in a template: Go's message, and what a person needs in addition."""

from collections.abc import Callable
from typing import Any

from injector.compat.gotemplate.go.faults import ExecutionFault, NoEntryError
from injector.compat.gotemplate.go.values import bytes_of
from injector.errors import InjectorError, MissingError, RenderError
from injector.template.model import Source
from injector.template.nearest import nearest

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
    why_not = MissingError(f"{why}{where}{at}{nearest(why.key, known)}")
    return _placed(source, why_not, line, column)


def _placed(source: Source, error: InjectorError, line: int, column: int) -> InjectorError:
    """Return the error with its place; Go counts columns in bytes, from 0."""
    text = source.text.split("\n")[line - 1]
    return source.fault(error, line, len(bytes_of(text)[:column].decode(errors="replace")) + 1)
