"""The dialects of Vault Agent and consul-template; loaded for nothing else."""
