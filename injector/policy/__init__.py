"""The least-privilege policy of a configuration: what it asks for, and how Vault is told."""

from injector.policy.hcl import document
from injector.policy.need import Need
from injector.policy.needs import Needs, Unknown, needs

__all__ = ["Need", "Needs", "Unknown", "document", "needs"]
