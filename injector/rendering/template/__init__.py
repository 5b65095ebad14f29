"""Text only: a template is a pure function of a snapshot of secrets.

Text only: MiniJinja, strict (`compiled`, `engine`), with our own `functions` and `filters`;
scans a source before anything is requested (`scan`, `mentions`), bounds what a rendering makes
(`budget`), and refuses one that nests too deeply for the engine (`depth`), shows read-only
views (`values`), finds line and key of an error (`explain`).

- `checks`: finds what is bound to fail whatever the values are, with its line
- `foreign`: recognizes a Go template, as Vault Agent has it, where one for Jinja is expected
- `model`: what goes into a template and what comes out
- `nearest`: suggests what may have been meant by an unknown word; for templates of any language
- `printing`: the text of a value: what a template prints, and what a filter that takes text
  gets
- `reading`: the record of one rendering: which secrets it used, and which keys it did not find
- `unclosed`: finds the tag that is never closed: the engine only says that the text has ended
- `uses`: where a template uses which secret: for writing policies, not for rendering

The names here are of any language. What compiles MiniJinja's is `compiled`, imported only where
there is a template for it.
"""

from injector.rendering.template.model import Content, Lacking, Rendered, Snapshot, Source, Template

__all__ = ["Content", "Lacking", "Rendered", "Snapshot", "Source", "Template"]
