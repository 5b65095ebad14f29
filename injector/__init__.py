"""Puts secrets from Vault or OpenBao where an application needs them, and keeps them right."""

__version__ = "0.1.0"
