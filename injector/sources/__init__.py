"""Where secrets come from.

- `vault`: HashiCorp Vault and OpenBao
"""
