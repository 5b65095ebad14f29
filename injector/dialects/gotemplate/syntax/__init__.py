"""Parses a template like Go: first tokens, then a tree.

- `lexer`: splits a template into text, comments and actions, like Go's lexer
- `nodes`: the syntax tree of a template
- `operands`: parses the inside of an action: pipelines, commands, operands
- `parser`: builds a tree from tokens, with Go's grammar and Go's errors
- `tokens`: the tokens of a template
- `words`: reads the words inside an action, like Go's lexer
"""
