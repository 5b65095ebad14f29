"""Vault's own API by hvac's methods, on our adapter. Imported when the first of them is sent."""

from injector.base import lean
from injector.sources.vault.adapter import Adapter

with lean.on_demand("requests", "requests.exceptions"):  # hvac's transport, not used here
    from hvac.api.auth_methods import Token
    from hvac.api.system_backend import Capabilities, Lease, Wrapping


class Api:
    """What hvac has of the requests that this program makes, with one token and namespace."""

    def __init__(self, adapter: Adapter) -> None:
        self.token = Token(adapter)
        self.leases = Lease(adapter)
        self.wrapping = Wrapping(adapter)
        self.capabilities = Capabilities(adapter)
