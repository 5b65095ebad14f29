"""Executes the syntax tree.

- `constants`: converts constants of a template to values, and to arguments of a given type
- `expressions`: evaluates pipelines: constants, variables, keys, and calls with arguments of
  Go's types
- `loops`: iterates for `range`
- `place`: where an execution failed, in Go's form
- `progress`: the progress of an execution: its remaining limits, and the current call
- `scope`: the variables of one template during its execution
- `signature`: the arguments a function accepts: read from its Python annotations, checked as in
  Go
- `skipping`: what a branch might change: needed while it is unknown whether the branch is taken
- `stateful`: functions that keep state between calls
- `statements`: executes statements: text, actions, branches, loops, templates
"""
