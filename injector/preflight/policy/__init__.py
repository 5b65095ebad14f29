"""The least-privilege policy of a configuration, without a request to Vault.

- `needs`: everything that a configuration needs
- `need`: one path and what has to be allowed on it; those of every token and its leases
- `hcl`: writes it as a policy for Vault
"""

from injector.preflight.policy.hcl import document
from injector.preflight.policy.need import Need
from injector.preflight.policy.needs import Needs, Unknown, needs

__all__ = ["Need", "Needs", "Unknown", "document", "needs"]
