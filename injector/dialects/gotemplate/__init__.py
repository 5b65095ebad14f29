"""Go's text/template with consul-template's functions, as a pure function of Vault's answers.

- `catalogue`: all functions by name; a family is imported when a template uses one of its
  functions
- `certificates`: what `pkiCert` returns: certificate, key and authorities, from the PEM in an
  answer
- `compiled`: a compiled Go template: the secrets it needs, and its text for a snapshot of them
- `explain`: explains an error in a template: Go's message, and what a person needs in addition
- `functions`: the functions that a template can call, one module per family
- `go`: go's values, and how Go prints, compares and accesses them
- `mentions`: what a tree mentions, whether or not it is executed
- `model`: what a Go template needs in addition to secrets
- `network`: the addresses of this machine, for `sockaddr`
- `reference`: regenerates the tables of functions in docs/go-templates.md: `python -m
  …reference FILE`
- `response`: a secret as Go templates see it: Vault's whole answer, with both layers of KV
  version 2
- `run`: executes the syntax tree
- `sandbox`: which local files a template may use
- `syntax`: parses a template like Go: first tokens, then a tree
- `uses`: where a Go template requests which secret: for policies and reports, not for rendering
"""

from injector.dialects.gotemplate.compiled import GoTemplate
from injector.dialects.gotemplate.compiled import compile as compile  # noqa: A004 - what every engine calls it
from injector.dialects.gotemplate.model import Surroundings

__all__ = ["GoTemplate", "Surroundings", "compile"]
