"""Warns about secrets that no file uses: their names may be misspelled, or left over."""

from collections.abc import Iterator

from injector.config.document import read_document
from injector.config.problem import Problem
from injector.preflight.policy import needs
from injector.runtime.plan import Plan, refs_by_name


def unused(plan: Plan) -> Iterator[Problem]:
    """Yield a line for each name in `secrets:` that nothing asks for."""
    found = needs(plan.config, refs_by_name(plan.config), plan.templates.values()).unused
    if not found:
        return
    document = read_document(plan.loaded.path)  # no other language has names for secrets
    text = "no file uses it, so it is never read; remove it, or correct the name in a template"
    yield from document.shown(document.problem(("secrets", name), text) for name in found)
