"""Compiles Go templates: what they may read on this machine, and what they may write."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from injector.base import safe_open
from injector.base.clock import SystemClock
from injector.base.errors import RenderError
from injector.config import model
from injector.engine.delivery.output import Renderer
from injector.rendering.template import Lacking, Rendered, Snapshot, Source, Template
from injector.secret import Ref
from injector.targets.files.extra_files import Contents

if TYPE_CHECKING:
    from injector.dialects.gotemplate import GoTemplate
    from injector.dialects.gotemplate.network.model import Machine


def compiled(
    source: Source,
    entry: model.Template | model.EnvTemplate,
    refs: Mapping[str, Ref],
    environ: Mapping[str, str],
) -> Template:
    """Compile a Go template; raises RenderError, also if the engine is not installed."""
    try:
        from injector.dialects import gotemplate
    except ModuleNotFoundError:
        raise RenderError(
            "this installation has no Go templates (injector.dialects); use language: jinja"
        ) from None
    path = entry.destination if isinstance(entry, model.Template) else ""
    alone = not path.startswith("/")
    surroundings = gotemplate.Surroundings(
        environ,
        _read,
        _machine,
        SystemClock().wall,
        destination="" if alone else path,
        sandbox_path=entry.sandbox_path,
        denied=entry.function_denylist,
    )
    template = gotemplate.compile(source, refs, surroundings)
    if template.writes_files and alone:
        raise RenderError(
            "writeToFile does not work in a variable or in a file of a bundle; "
            "move this template into an entry of `template:`"
        )
    return template


def writes_files(entry: model.Template, template: Template) -> bool:
    """Return whether a template writes files other than its own."""
    return entry.is_discarded or _as_go(template).writes_files


class AllFiles:
    """Renders a template with the additional files that it writes.

    `checked` renders its own text, and may reject it.
    """

    def __init__(self, template: Template, checked: Renderer[bytes]) -> None:
        self._template = _as_go(template)
        self._checked = checked

    @property
    def refs(self) -> frozenset[Ref]:
        return self._template.refs

    def render(self, snapshot: Snapshot) -> Rendered[Contents] | Lacking:
        if self._checked is not self._template:
            self._checked.render(snapshot)
        return self._template.render_files(snapshot)


def _as_go(template: Template) -> "GoTemplate":
    from injector.dialects.gotemplate import GoTemplate

    assert isinstance(template, GoTemplate)
    return template


def _read(path: str) -> str:
    """Return a regular file's text; bytes that are not UTF-8 are kept as surrogates."""
    return safe_open.read(path).decode("utf-8", "surrogateescape")


def _machine() -> "Machine":
    from injector.dialects.gotemplate.network import interfaces  # for templates that ask for it

    return interfaces.read()
