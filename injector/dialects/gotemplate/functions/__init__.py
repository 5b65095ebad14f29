"""The functions that a template can call, one module per family.

- `builtins`: the functions that every Go template has
- `collections`: lists and maps: what they contain, and maps built from others
- `debugging`: functions that print values for debugging
- `documents`: jSON, read and written
- `encoding`: base64 and digests
- `environment`: what a template reads from the machine: variables, local files, the time
- `local`: the functions of one rendering that are not for secrets: the machine, the rendering
  itself
- `maths`: arithmetic; the second argument is the left operand, so that it can be piped in
- `nesting`: `executeTemplate`: the text of another template as a value
- `parsing`: text to numbers and booleans
- `regex`: go's regular expressions: RE2 has the same syntax and results, in time linear in the
  text
- `scratch`: `scratch`: values that a template keeps during one rendering
- `secrets`: `secret`, `secrets`, `pkiCert`: what a template requests from Vault
- `sockaddr`: `sockaddr`: a template language of its own that selects addresses of this machine
- `sprig_encoding`: sprig's encodings and digests, paths, URLs, regular expressions, durations
- `sprig_lists`: sprig's functions for lists
- `sprig_maps`: sprig's functions for maps
- `sprig_numbers`: sprig's functions for numbers: every value is converted, and 0 if that fails
- `sprig_text`: sprig's functions for strings
- `sprig_values`: sprig's functions for values of any kind: defaults, choices, types, JSON
- `text`: functions for strings: conversion, splitting, joining
- `toml`: tOML as BurntSushi's encoder writes it: sorted keys, tables after values
- `writing`: `writeToFile`: additional files, which are written together with the template's own
- `yaml`: yAML as Go's yaml.v2 reads and writes it; libyaml does the work, of which yaml.v2 is a
  port
"""
