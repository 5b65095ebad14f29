"""Converts configurations of the agents to our own form, for people to continue with.

- `jinja`: converts a Go template to Jinja, if it only uses what works the same in both
  languages
- `names`: names the secrets of a configuration
- `native`: converts files of the agents to our own configuration, including the templates
- `proof`: checks that a converted template renders the same, by rendering both with made-up
  values
- `writing`: writes a configuration tree as readable YAML, with remarks and block strings
"""
