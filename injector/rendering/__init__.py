"""Secrets to text. Knows no disk and no network.

- `template`: MiniJinja, strict
- `formats`: dotenv, JSON, YAML and others, each quoted as its readers need
"""
