"""Renews the tables of the documentation that are made from the source: `python -m tools.docs`.

- `pages`: what renews which page
- `options`: every option of a configuration and of a seed: configuration.md, dev.md
- `messages`: everything that is said when something is wrong: errors.md
- `go_templates`: the functions of Go templates: go-templates.md
- `vault_agent`: the options of the agents: vault-agent.md
- `webhook`: the annotations of the webhook, and its defaults: webhook.md
"""
