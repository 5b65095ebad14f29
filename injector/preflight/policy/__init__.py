"""The least-privilege policy of a configuration: what it needs, written as a Vault policy.

What a configuration needs from Vault, determined before any request (`needs`, `upkeep`),
written as a Vault policy (`hcl`).

- `need`: one thing that a policy must allow
"""

from injector.preflight.policy.hcl import document
from injector.preflight.policy.need import Need
from injector.preflight.policy.needs import Needs, Unknown, needs

__all__ = ["Need", "Needs", "Unknown", "document", "needs"]
