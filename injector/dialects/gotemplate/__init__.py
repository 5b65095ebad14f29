"""Go's text/template with consul-template's functions, as a pure function of Vault's answers.

- `compiled`: a compiled template: the secrets it needs, and its text for a snapshot of them
- `syntax`: source to tokens to a tree, as Go does it
- `run`: executes the tree
- `go`: Go's values, and how Go prints, compares and accesses them
- `catalogue`: all functions by name; a family is imported when a template uses one of its functions
- `functions`: the functions, one module per family
- `network`: the addresses of this machine, for `sockaddr`
- `response`: a secret as Go templates see it: Vault's whole answer, both layers of KV version 2
- `certificates`: what `pkiCert` returns: certificate, key and authorities, from an answer's PEM
- `model`: what a Go template can use in addition to secrets
- `sandbox`: which local files a template may use
- `mentions`: what a tree mentions, whether or not it is executed
- `uses`: where a template requests which secret: for policies and reports, not for rendering
- `explain`: an error as Go words it, and what a person needs in addition
"""

from injector.dialects.gotemplate.compiled import GoTemplate, compile_here
from injector.dialects.gotemplate.compiled import compile as compile  # noqa: A004 - what every engine calls it
from injector.dialects.gotemplate.model import Surroundings

__all__ = ["GoTemplate", "Surroundings", "compile", "compile_here"]
