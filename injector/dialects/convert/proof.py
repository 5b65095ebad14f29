"""Checks that a converted template renders the same, by rendering both with made-up values."""

from collections.abc import Mapping
from typing import Any

from injector.base.errors import InjectorError
from injector.dialects import gotemplate
from injector.dialects.convert.jinja import Asked, CannotError, Converted
from injector.dialects.gotemplate import Surroundings
from injector.dialects.gotemplate.functions.secrets import ref_of
from injector.rendering.template import Rendered, Source, Template
from injector.rendering.template.compiled import compile as compile_jinja
from injector.secret import Content
from injector.sources.vault.answer import understand
from injector.sources.vault.ref import VaultRef

_ODD = "a\"b'c<&>{{ d }}\\n\né#%$"
# In addition to the keys used by name: for loops, which visit all keys in Go's order.
_MORE = {"b": _ODD, "_": "", "A b": "x", "Z": "true", "ä": "1.50"}


def require_same(source: Source, made: Converted) -> None:
    """Raise CannotError unless both render the same bytes."""
    environ = {name: f"{name} {_ODD}" for name in made.variables}
    values = {asked.ref: _answer(asked) for asked in made.secrets}
    named = {asked.name: asked.ref for asked in made.secrets}
    text = Source(source.name, made.text, source.left_delimiter, source.right_delimiter)
    try:
        before = gotemplate.compile(source, {}, Surroundings(environ))
        after = compile_jinja(text, named, environ, VaultRef.of)
        theirs, ours = _rendered(before, _as_asked(values)), _rendered(after, values)
    except InjectorError as error:
        raise CannotError(f"in Jinja it fails: {error}") from None
    if theirs is None or theirs != ours:
        raise CannotError("in Jinja it renders differently")


def _answer(asked: Asked) -> Content:
    data: dict[str, Any] = dict(_MORE)
    data |= {key: f"{key} of {asked.name} {_ODD}" for key in asked.keys}
    body = {"data": data, "metadata": {"version": 1}} if asked.is_kv2 else data
    return Content(understand(asked.ref, {"data": body}))


def _as_asked(values: Mapping[VaultRef, Content]) -> Mapping[Any, Content]:
    """Add the references that a Go template uses while the version of KV is unknown."""
    plain = {ref: value for ref, value in values.items() if ref.body is None}
    return {**values, **{ref_of("secret", (ref.path,), ()): plain[ref] for ref in plain}}


def _rendered(compiled: Template, values: Mapping[Any, Content]) -> bytes | None:
    """Return the content; None if it needs other values."""
    found = compiled.render(values)
    return found.content if isinstance(found, Rendered) else None
