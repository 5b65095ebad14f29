"""Renderers other than templates: a ready-made format, several members, validated content."""

from collections.abc import Callable, Mapping

from injector.base.errors import RenderError
from injector.config import model
from injector.engine.delivery.output import Renderer
from injector.rendering.formats import render as render_format
from injector.rendering.template import Lacking, Rendered, Snapshot
from injector.secret import Ref


class Formatted:
    """Renders a secret in a ready-made format, without a template."""

    def __init__(self, ref: Ref, template: model.Template) -> None:
        self.refs = frozenset({ref})
        self._ref = ref
        self._template = template

    def render(self, snapshot: Snapshot) -> Rendered[bytes] | Lacking:
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


class Validated:
    """Rejects content that its reader could not parse."""

    def __init__(
        self, path: str, renderer: Renderer[bytes], problem: Callable[[bytes], str]
    ) -> None:
        self._path = path
        self._renderer = renderer
        self._problem = problem

    @property
    def refs(self) -> frozenset[Ref]:
        return self._renderer.refs

    def render(self, snapshot: Snapshot) -> Rendered[bytes] | Lacking:
        rendered = self._renderer.render(snapshot)
        if isinstance(rendered, Rendered) and (problem := self._problem(rendered.content)):
            raise RenderError(f"check of {self._path}: {problem}")
        return rendered


class Together:
    """Renders all members from one snapshot; the content maps names to bytes."""

    def __init__(self, members: Mapping[str, Renderer[bytes]]) -> None:
        self._members = members

    @property
    def refs(self) -> frozenset[Ref]:
        return frozenset[Ref]().union(*(member.refs for member in self._members.values()))

    def render(self, snapshot: Snapshot) -> Rendered[Mapping[str, bytes]] | Lacking:
        contents: dict[str, bytes] = {}
        used: frozenset[Ref] = frozenset()
        lacking: frozenset[Ref] = frozenset()
        for name, member in self._members.items():
            match member.render(snapshot):
                case Lacking(refs):
                    lacking |= refs
                case Rendered(content, refs):
                    contents[name] = content
                    used |= refs
        return Lacking(lacking) if lacking else Rendered(contents, used)
