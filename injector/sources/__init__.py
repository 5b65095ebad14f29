"""Where secrets come from.

- `vault`: HashiCorp Vault and OpenBao
- `unrepeatable`: requests that must not be cut off, whatever they are sent to
"""
