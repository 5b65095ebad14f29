"""Addresses of network interfaces."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import Any

from injector.dialects.gotemplate.go.values import NamedSlice, Struct

# The kernel's bits, in Go's order.
FLAGS = {
    "up": 0x1,
    "broadcast": 0x2,
    "loopback": 0x8,
    "pointtopoint": 0x10,
    "multicast": 0x1000,
    "running": 0x40,
}


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface."""

    index: int
    name: str
    flags: int
    mtu: int = 0
    hardware: str = ""

    def flag_names(self) -> str:
        return "|".join(name for name, bit in FLAGS.items() if self.flags & bit) or "0"

    def __str__(self) -> str:
        return f"{{{self.index} {self.mtu} {self.name} {self.hardware} {self.flag_names()}}}"


class Address(Struct):
    """An address of an interface and its network."""

    __slots__ = ("interface", "ip")

    def __init__(self, interface: Interface, ip: IPv4Interface | IPv6Interface) -> None:
        super().__init__("sockaddr.IfAddr", {}, {"String": self.__str__})
        self.interface = interface
        self.ip = ip

    def __str__(self) -> str:
        return f"{self.spelled()} {self.interface}"

    @property
    def is_v4(self) -> bool:
        return isinstance(self.ip, IPv4Interface)

    def spelled(self) -> str:
        """Return the address with its prefix length, unless it is a single host."""
        whole = self.ip.network.prefixlen == self.ip.max_prefixlen
        return str(self.ip.ip) if whole else self.ip.with_prefixlen

    def moved(self, address: int, prefix: int | None = None) -> "Address":
        """Return another address, by default in the same network."""
        made: Any = ip_address(address.to_bytes(self.ip.max_prefixlen // 8))
        length = self.ip.network.prefixlen if prefix is None else prefix
        return Address(self.interface, type(self.ip)((made, length)))


class Addresses(NamedSlice):
    """A list of addresses."""

    __slots__ = ()
    type_name = "sockaddr.IfAddrs"


@dataclass(frozen=True, slots=True)
class Machine:
    """All addresses, and the interface of the default route."""

    addresses: Addresses
    default: str = ""


ReadMachine = Callable[[], Machine]  # raises OSError
