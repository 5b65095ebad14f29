"""The dialects of Vault Agent and consul-template; only loaded for them.

The dialects of Vault Agent and consul-template. `gotemplate`: Go's text/template and
consul-template's functions (`syntax` builds the tree, `go` has values and how they print, `run`
executes, `functions`, `network` has this machine's addresses). `hcl`: HCL 1 and its JSON form →
a tree with line numbers; `vault_agent`: the agents' options (`options`, one row each) → one of
our documents. `convert`: the same → text in our format, with Jinja templates where `proof`
finds identical output. Nothing imports it at module level, and everything else works without
the directory.
"""
