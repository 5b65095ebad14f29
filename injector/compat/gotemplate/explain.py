"""Explains an error in a template: Go's message, and what a person needs in addition."""

from collections.abc import Callable
from typing import Any

from injector.compat.gotemplate.go.faults import ExecutionFault, NoEntryError
from injector.errors import InjectorError, MissingError, RenderError
from injector.template.nearest import nearest

_LONGEST_QUOTE = 60


def explained(name: str, fault: ExecutionFault, path_of: Callable[[Any], str]) -> InjectorError:
    """Return the exception to raise; `path_of` returns the path of the secret that has a map."""
    line, column = fault.position
    place = f"{name}:{line}:{column}"
    context = " ".join(fault.context.split())
    if len(context) > _LONGEST_QUOTE:
        context = f"{context[:_LONGEST_QUOTE]}…"
    at = f" (at <{context}>)"
    why = fault.why
    if not isinstance(why, NoEntryError):
        return RenderError(f"{place}: {why}{at}")
    path = path_of(why.place)
    where = f" in {path}" if path else ""
    known = [key for key in why.place if isinstance(key, str)] if why.place else []
    return MissingError(f"{place}: {why}{where}{nearest(why.key, known)}{at}")
