"""One file: what it is made from, where it goes and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from injector.config import model
from injector.destination import File
from injector.formats import render as render_format
from injector.secret import Ref
from injector.template import Lacking, Rendered

Snapshot = Mapping[Ref, Mapping[str, Any] | None]


class Renderer(Protocol):
    """Makes the content from a snapshot of secrets: a template, or a ready format."""

    @property
    def refs(self) -> frozenset[Ref]:
        """Return what it needs, as far as known before any request."""

    def render(self, snapshot: Snapshot) -> Rendered | Lacking:
        """Return the content, or every secret that is lacking; raises RenderError."""


class Formatted:
    """A secret in a ready format: no template."""

    def __init__(self, ref: Ref, template: model.Template) -> None:
        self.refs = frozenset({ref})
        self._ref = ref
        self._template = template

    def render(self, snapshot: Snapshot) -> Rendered | Lacking:
        if self._ref not in snapshot:
            return Lacking(self.refs)
        template = self._template
        content = render_format(
            str(template.format),
            snapshot[self._ref] or {},
            key=template.key,
            encoding=template.encoding,
            section=template.section,
        )
        return Rendered(content, self.refs)


@dataclass(slots=True, eq=False)
class Output:
    """A file and its progress. Times are on the injected clock."""

    path: str
    renderer: Renderer
    file: File
    targets: tuple[str, ...] = ()
    wait: model.Wait | None = None
    # What it wants: what is known beforehand, and what rendering has revealed since.
    wants: frozenset[Ref] = frozenset()
    delivered: dict[Ref, int] = field(default_factory=dict)  # generations in the file on disk
    told: dict[Ref, int] = field(default_factory=dict)  # generations its applications know of
    settled: bool = False  # delivered at least once in this run
    failures: int = 0
