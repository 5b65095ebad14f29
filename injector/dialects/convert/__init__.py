"""Converts configurations of the agents to our own form, for people to go on with.

- `native`: their files as a configuration of ours, with its templates
- `jinja`: a Go template as one for Jinja, if it only uses what works the same in both
- `proof`: checks that both render the same, with made-up values
- `names`: names for the secrets
- `writing`: a configuration as readable YAML, with remarks and block strings
"""
