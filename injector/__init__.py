"""Puts secrets from Vault or OpenBao where an application needs them, and keeps them up to date."""

__version__ = "0.1.0"
