"""Parses a template like Go: first tokens, then a tree.

- `lexer`: text, comments and actions; `words`: what is inside an action
- `tokens`: what they yield
- `parser`: tokens to a tree, with Go's grammar and Go's errors
- `operands`: the inside of an action: pipelines, commands, operands
- `nodes`: the tree
"""
