"""The dialects of Vault Agent and consul-template: their configuration files and their templates.

Nothing imports this package at module level, and everything else works without the directory.

- `gotemplate`: Go's text/template with consul-template's functions
- `hcl`: HCL 1 and its JSON form, as a tree with line numbers
- `vault_agent`: the agents' options as a document of ours, their flags, and their listeners
- `convert`: a file of theirs as text in our format
"""
