"""Text only: a template is a pure function of a snapshot of secrets.

The names here are of any language. What compiles MiniJinja's is `compiled`, imported only where
there is a template for it.
"""

from injector.template.model import Content, Lacking, Rendered, Snapshot, Source, Template

__all__ = ["Content", "Lacking", "Rendered", "Snapshot", "Source", "Template"]
