"""Go's values, and how Go prints, compares and accesses them.

- `values`: the values in Python: the Go type of each, and whether it is true
- `comparison`: `eq`, `ne`, `lt`, `le`, `gt`, `ge`: only values of the same kind can be compared
- `lookup`: a key: a method, a field, a map entry, or nothing
- `numbers`: numbers as text, read and written
- `quoting`: quoted strings, as by strconv
- `printing`: what fmt prints: `%v`, Print and Println
- `printf`, `verbs`: Printf: its format, and one value by one verb
- `json`: values as encoding/json writes them
- `times`: time layouts: a reference time in the desired format
- `faults`: errors, worded as in Go, with possible secret values kept separate
- `limits`: what a template may produce: Go's only limit is memory, and a daemon needs others
"""
