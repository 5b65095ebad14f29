"""The least-privilege policy of a configuration: what it needs, written as a Vault policy."""

from injector.policy.hcl import document
from injector.policy.need import Need
from injector.policy.needs import Needs, Unknown, needs

__all__ = ["Need", "Needs", "Unknown", "document", "needs"]
