"""The named selections of addresses: `GetPrivateIP` and the like."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.network.attributes import attr, join
from injector.dialects.gotemplate.network.filters import exclude, include
from injector.dialects.gotemplate.network.model import Addresses, Machine
from injector.dialects.gotemplate.network.order import sort


class Choices:
    """Selects among the addresses of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._all = machine.addresses
        self._default = machine.default

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "GetAllInterfaces": lambda: self._all,
            "GetDefaultInterfaces": self._of_default_route,
            "GetInterfaceIP": self._ip_of,
            "GetInterfaceIPs": self._ips_of,
            "GetPrivateIP": lambda: attr("address", self._private()),
            "GetPrivateIPs": self._private_ips,
            "GetPrivateInterfaces": self._private,
            "GetPublicIP": lambda: attr("address", self._public()),
            "GetPublicIPs": self._public_ips,
            "GetPublicInterfaces": self._public,
            "sort": self._sort,
        }

    def _sort(self, clauses: str, addresses: Addresses) -> Addresses:
        return sort(clauses, addresses, self._default)

    def _of_default_route(self) -> Addresses:
        if not self._default:
            raise GoError("No default interface found")
        return Addresses(
            address for address in self._all if address.interface.name == self._default
        )

    def _reachable(self) -> Addresses:
        live = include("flag", "up", include("flag", "forwardable", self._all))
        return self._sort("default,type,size", live)

    def _private(self) -> Addresses:
        return include("rfc", "6890", self._reachable())

    def _public(self) -> Addresses:
        return exclude("rfc", "6890", self._reachable())

    def _private_ips(self) -> str:
        private = include("rfc", "6890", self._sort("type,size", self._all))
        return join("address", " ", include("flag", "forwardable", private))

    def _public_ips(self) -> str:
        return join("address", " ", exclude("rfc", "6890", self._sort("type,size", self._all)))

    def _ip_of(self, name: str) -> str:
        forwardable = include("flag", "forwardable", include("name", name, self._all))
        return attr("address", self._sort("type,size", forwardable))

    def _ips_of(self, name: str) -> str:
        return join("address", " ", self._sort("type,size", include("name", name, self._all)))
