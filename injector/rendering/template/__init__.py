"""A template is a pure function of a snapshot of secrets to text.

Those of any language:

- `model`: what goes into a template, what comes out, and what a template is
- `dialect`: templates in the languages of others, loaded only for them, and what they may use
- `reading`: the record of one rendering: which secrets it used, which keys it did not find
- `uses`: where a template uses which secret: for policies, not for rendering
- `foreign`: recognizes a Go template where one for Jinja is expected

Ours, which are MiniJinja's with everything unknown an error; imported only where there is one:

- `compiled`: a compiled template
- `engine`: MiniJinja, as we set it up
- `functions` and `filters`: what templates can call
- `values`: read-only views of secrets
- `printing`: the text of a value: what a template prints, and what a filter gets
- `scan`, `mentions`: what a source mentions, before anything is requested
- `checks`: what is bound to fail whatever the values are, with its line
- `budget`, `depth`: what a rendering may make, and how deeply a source may nest
- `explain`: line and key of an error
- `unclosed`: finds the tag that is never closed: the engine only says that the text has ended
"""

from injector.rendering.template.model import Content, Lacking, Rendered, Snapshot, Source, Template

__all__ = ["Content", "Lacking", "Rendered", "Snapshot", "Source", "Template"]
