"""Text only: a template is a pure function of a snapshot of secrets."""

from injector.template.compiled import compile as compile  # noqa: A004 - what every engine calls it
from injector.template.model import Content, Lacking, Rendered, Snapshot, Source, Template

__all__ = ["Content", "Lacking", "Rendered", "Snapshot", "Source", "Template", "compile"]
