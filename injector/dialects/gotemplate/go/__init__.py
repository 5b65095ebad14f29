"""Go's values, and how Go prints, compares and accesses them.

- `comparison`: eq, ne, lt, le, gt, ge: only values of the same kind can be compared
- `faults`: errors in Go templates, worded as in Go, with possible secret values kept separate
- `json`: values as Go's encoding/json writes them: keys sorted, HTML escaped unless disabled
- `limits`: limits on what a template may produce: Go's only limit is memory, and a daemon needs
  others
- `lookup`: looks up a key: a method, a field, a map entry, or nothing
- `numbers`: go's numbers as text: parses constants, formats floats and integers
- `printf`: go's Printf: splits a format into directives, and reports those that do not fit
  their values
- `printing`: how Go prints values: fmt's `%v`, Print and Println
- `quoting`: go's quoted strings, like strconv.Quote and strconv.Unquote
- `times`: go's time layouts: a reference time in the desired format
- `values`: go's values in Python: the Go type of each, and whether it is true
- `verbs`: formats one value with one verb of Printf
"""
