"""Vault and OpenBao: asks, and says what the answer means."""

from injector.vault.answer import Answer
from injector.vault.client import Vault
from injector.vault.tokens import Token, Tokens
from injector.vault.transport import Transport

__all__ = ["Answer", "Token", "Tokens", "Transport", "Vault"]
