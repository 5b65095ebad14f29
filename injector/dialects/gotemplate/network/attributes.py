"""Attributes of addresses: `attr` and `join`."""

from collections.abc import Callable
from typing import Any

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.network.model import Address, Addresses

_POINT_TO_POINT = 31  # prefix length of a network with only two addresses


def attr(name: str, of: Any) -> str:
    """Return an attribute of an address, or of the first of several."""
    if isinstance(of, Address):
        return _attribute(name, of)
    if isinstance(of, Addresses):
        return _attribute(name, of[0]) if of else ""
    raise GoError(f"unable to obtain attribute {name} from a value that is not an address")


def join(name: str, separator: str, addresses: Addresses) -> str:
    return separator.join(_attribute(name, address) for address in addresses)


def _attribute(name: str, address: Address) -> str:
    read = _ATTRIBUTES.get(name.lower())
    value = read(address) if read is not None else ""
    if not value:
        raise GoError(f'unsupported attribute name "{name}"')
    return value


def _first_usable(address: Address) -> str:
    return str(address.ip.network.network_address + _unusable(address))


def _last_usable(address: Address) -> str:
    return str(address.ip.network.broadcast_address - _unusable(address))


def _unusable(address: Address) -> int:
    """Return how many addresses are reserved at each end of the network."""
    is_link = address.ip.network.prefixlen >= _POINT_TO_POINT
    return 1 if address.is_v4 and not is_link else 0


def _v4(read: Callable[[Address], str]) -> Callable[[Address], str]:
    return lambda address: read(address) if address.is_v4 else ""


def _v6(read: Callable[[Address], str]) -> Callable[[Address], str]:
    return lambda address: "" if address.is_v4 else read(address)


def _digits(address: Address) -> str:
    return str(int(address.ip.ip))


_ATTRIBUTES: dict[str, Callable[[Address], str]] = {
    "address": lambda address: str(address.ip.ip),
    "binary": lambda address: f"{int(address.ip.ip):0{address.ip.max_prefixlen}b}",
    "broadcast": _v4(lambda address: str(address.ip.network.broadcast_address)),
    "first_usable": _first_usable,
    "flags": lambda address: address.interface.flag_names(),
    "hex": lambda address: address.ip.packed.hex(),
    "host": lambda address: str(address.ip.ip),
    "last_usable": _last_usable,
    "mask_bits": lambda address: str(address.ip.network.prefixlen),
    "name": lambda address: address.interface.name,
    "netmask": lambda address: str(address.ip.netmask),
    "network": lambda address: str(address.ip.network.network_address),
    "octets": lambda address: " ".join(map(str, address.ip.packed)),
    "port": lambda _: "0",
    "size": lambda address: str(address.ip.network.num_addresses),
    "string": Address.spelled,
    "type": lambda address: f"IPv{address.ip.version}",
    "uint128": _v6(_digits),
    "uint32": _v4(_digits),
}
