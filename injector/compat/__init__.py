"""The dialects of Vault Agent and consul-template; only loaded for them."""
