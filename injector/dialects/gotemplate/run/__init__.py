"""Executes the syntax tree.

- `statements`: text, actions, branches, loops, templates
- `expressions`: pipelines: constants, variables, keys, calls
- `signature`: the arguments that a function accepts, checked as in Go
- `constants`: a template's constants as values
- `scope`: the variables of one template
- `skipping`: what a branch might change, for a branch that is left out because its condition is
  not known yet
"""
