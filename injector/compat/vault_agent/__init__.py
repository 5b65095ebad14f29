"""Configurations of Vault Agent and OpenBao Agent, as one of ours."""

from injector.compat.vault_agent.reading import hint, read

__all__ = ["hint", "read"]
