"""The functions that a template can call, one module per family.

- `builtins`: those of every Go template
- `collections`: what lists and maps contain, and maps made from others
- `documents`: JSON, read and written
- `encoding`: base64 and digests
- `environment`: what a template reads from the machine: variables, local files, the time
- `local`: every function of one rendering that is not for secrets
- `nesting`: `executeTemplate`: the text of another template as a value
- `numbers`: numbers and booleans from text, and arithmetic
- `regex`: Go's regular expressions: RE2 has the same syntax, the same results, and takes time in
  proportion to the text
- `scratch`: values that a template keeps during one rendering
- `secrets`: `secret`, `secrets`, `pkiCert`: what a template requests from Vault
- `sockaddr`: a small template language of its own that selects addresses of this machine
- `sprig_encoding`: Sprig's encodings, digests, paths, URLs, regular expressions, durations
- `sprig_lists`: Sprig's lists
- `sprig_maps`: Sprig's maps
- `sprig_numbers`: Sprig's numbers: every value is converted, to 0 if that fails
- `sprig_text`: Sprig's text
- `sprig_values`: Sprig's defaults, choices, types, JSON
- `text`: converts, splits and joins text, and prints for debugging
- `toml`: TOML as BurntSushi's encoder writes it: sorted keys, tables after values
- `writing`: `writeToFile`: additional files, written together with the template's own
- `yaml`: YAML as Go's yaml.v2 reads and writes it, by libyaml, of which yaml.v2 is a port
"""
