"""Where secrets come from.

- `source`: what every source is to the rest of the program
- `vault`: HashiCorp Vault and OpenBao
- `unrepeatable`: requests that must not be cut off, whatever they are sent to
"""
