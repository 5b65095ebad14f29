"""Templates in the languages of others: each is loaded only for its templates.

They may use something of this machine, and write files besides their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Generic, Protocol, TypeVar, runtime_checkable

from injector.base.errors import RenderError
from injector.rendering.template.model import Lacking, Rendered, Snapshot, Source, Template
from injector.secret import Ref

# Each has a function `compile_here` of the kind `_Compile`.
_OTHERS = {"go": "injector.dialects.gotemplate"}

C_co = TypeVar("C_co", covariant=True)


def _no_file(_path: str) -> str:
    raise OSError("no files can be read here")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts of the machine that a template can use, passed in so that it stays a pure function.

    `sandbox_path` is the directory that its functions for files are confined to; by default, the
    paths that the template spells out and the directory of its destination.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_file: Callable[[str], str] = _no_file  # raises OSError
    now: Callable[[], float] = float  # seconds since the epoch
    destination: str = ""
    sandbox_path: str = ""
    denied: tuple[str, ...] = ()  # functions that are disabled


@dataclass(frozen=True, slots=True)
class ExtraFile:
    """One additional file; owner and group by name or number, our own if empty.

    With `appends` the content is added to the file, unless the file already ends with it.
    """

    path: str
    content: bytes = field(repr=False)
    perms: int = 0o600
    user: str = ""
    group: str = ""
    appends: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of a template's own file, and of the additional ones."""

    main: bytes = field(repr=False)
    extra: tuple[ExtraFile, ...] = ()


@runtime_checkable
class DialectTemplate(Template, Protocol):
    """A template that may write files besides its own."""

    @property
    def writes_files(self) -> bool:
        """Return whether it might write such files."""

    def render_files(self, snapshot: Snapshot) -> Rendered[Contents] | Lacking:
        """Return the content of all files, or every missing secret; raises as `render` does."""


_Compile = Callable[[Source, Mapping[str, Ref], Surroundings], DialectTemplate]


def compiled(
    language: str, source: Source, names: Mapping[str, Ref], surroundings: Surroundings
) -> DialectTemplate:
    """Compile a template; raises RenderError, also if its language is not installed."""
    module = _OTHERS[language]
    try:
        compile_here: _Compile = import_module(module).compile_here
    except ModuleNotFoundError:
        package = module.rpartition(".")[0]
        raise RenderError(
            f"this installation has no {language.capitalize()} templates ({package}); "
            "use language: jinja"
        ) from None
    template = compile_here(source, names, surroundings)
    if template.writes_files and not surroundings.destination:
        raise RenderError(
            "writeToFile does not work in a variable or in a file of a bundle; "
            "move this template into an entry of `template:`"
        )
    return template


def writes_files(template: Template) -> bool:
    """Return whether a template may write files besides its own."""
    return isinstance(template, DialectTemplate) and template.writes_files


class _Renderer(Protocol, Generic[C_co]):
    def render(self, snapshot: Snapshot) -> Rendered[C_co] | Lacking: ...


class AllFiles:
    """Renders a template with the additional files that it writes.

    `checked` renders its own text, and may reject it.
    """

    def __init__(self, template: Template, checked: _Renderer[bytes]) -> None:
        assert isinstance(template, DialectTemplate)
        self._template = template
        self._checked = checked

    @property
    def refs(self) -> frozenset[Ref]:
        return self._template.refs

    def render(self, snapshot: Snapshot) -> Rendered[Contents] | Lacking:
        if self._checked is not self._template:
            self._checked.render(snapshot)
        return self._template.render_files(snapshot)
