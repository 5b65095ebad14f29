"""Renders Go templates for tests."""

from typing import Any

from injector.dialects.gotemplate import GoTemplate, Surroundings
from injector.dialects.gotemplate import compile as compile_template
from injector.rendering.template import Lacking, Rendered, Source
from injector.secret import Ref
from injector.sources.vault.ref import VaultRef

CANARY = "canary-7f3a"
APP = VaultRef.of("secret/data/app")


def template(
    text: str,
    *,
    name: str = "t.tpl",
    names: dict[str, Ref] | None = None,
    surroundings: Surroundings | None = None,
    **options: Any,
) -> GoTemplate:
    return compile_template(
        Source(name, text, **options), names or {}, surroundings or Surroundings()
    )


def rendered(text: str, *, secrets: dict[Ref, Any] | None = None, **options: Any) -> str:
    result = template(text, **options).render(secrets or {})
    assert isinstance(result, Rendered), result
    return result.content.decode("utf-8", "surrogateescape")


def with_app(text: str, **options: Any) -> str:
    """Render inside a secret: `.a` is its key."""
    data = options.pop("app", {})
    whole = '{{with secret "secret/data/app"}}{{with .Data.data}}' + text + "{{end}}{{end}}"
    return rendered(whole, secrets={APP: data}, **options)


def lacking(text: str, secrets: dict[Ref, Any] | None = None, **options: Any) -> set[str]:
    result = template(text, **options).render(secrets or {})
    assert isinstance(result, Lacking), result
    return {str(ref) for ref in result.refs}
