"""Reads configurations of Vault Agent and OpenBao Agent as ours."""

from injector.compat.vault_agent.reading import hint, read

__all__ = ["hint", "read"]
