"""Filters for addresses: `include` and `exclude`."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, ip_interface

from injector.dialects.gotemplate.functions.regex import compiled
from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.network.model import FLAGS, Address, Addresses
from injector.dialects.gotemplate.network.ranges import NOT_FORWARDED, contains, is_in

_Test = Callable[[Address], bool]
# Interface flags by their names in filters. `down` checks nothing, as in Go.
_OF_INTERFACE = {
    "broadcast": FLAGS["broadcast"],
    "down": 0,
    "loopback": FLAGS["loopback"],
    "multicast": FLAGS["multicast"],
    "point-to-point": FLAGS["pointtopoint"],
    "up": FLAGS["up"],
}
_TYPES = {"ip": (4, 6), "ipv4": (4,), "ipv6": (6,), "unix": ()}


def include(selector: str, wanted: str, addresses: Addresses) -> Addresses:
    return _chosen("include", selector, wanted, addresses)


def exclude(selector: str, wanted: str, addresses: Addresses) -> Addresses:
    return _chosen("exclude", selector, wanted, addresses)


def _chosen(verb: str, selector: str, wanted: str, addresses: Addresses) -> Addresses:
    """Return the addresses that match, or do not; those that match two tests are included twice."""
    name = selector.lower()
    if name not in _SELECTORS:
        raise GoError(f'invalid {verb} selector "{selector}"')
    tests = _SELECTORS[name](wanted)
    # In Go's order.
    pairs = (
        ((test, address) for address in addresses for test in tests)
        if name == "type"
        else ((test, address) for test in tests for address in addresses)
    )
    return Addresses(address for test, address in pairs if test(address) is (verb == "include"))


def _by_address(pattern: str) -> list[_Test]:
    expression = compiled(pattern)
    return [lambda address: expression.first(address.spelled()) is not None]


def _by_name(pattern: str) -> list[_Test]:
    expression = compiled(pattern)
    return [lambda address: expression.first(address.interface.name) is not None]


def _by_port(pattern: str) -> list[_Test]:
    matches = compiled(pattern).first("0") is not None  # interfaces have no port
    return [lambda _: matches]


def _by_flags(wanted: str) -> list[_Test]:
    """Test for all given flags of the interface, or for any given property of the address."""
    flags, has_flags = 0, False
    of_address: list[_Test] = []
    for name in wanted.lower().split("|"):
        if name not in _OF_INTERFACE and name not in _OF_ADDRESS:
            raise GoError(f'Unknown interface flag: "{name}"')
        if name in _OF_INTERFACE:
            flags, has_flags = flags | _OF_INTERFACE[name], True
        if name in _OF_ADDRESS:
            of_address.append(_OF_ADDRESS[name])

    def test(address: Address) -> bool:
        has_all = has_flags and address.interface.flags & flags == flags
        return has_all or any(of_this(address) for of_this in of_address)

    return [test]


def _is_global(address: Address) -> bool:
    ip = address.ip.ip
    others = (ip.is_unspecified, ip.is_loopback, ip.is_multicast, ip.is_link_local)
    return not any(others) and str(ip) != "255.255.255.255"


def _multicast(scope: int, network: IPv4Network | None) -> _Test:
    def test(address: Address) -> bool:
        if address.is_v4:
            return network is not None and address.ip.ip in network
        return address.ip.ip.is_multicast and address.ip.packed[1] & 0x0F == scope

    return test


_OF_ADDRESS: Mapping[str, _Test] = {
    "forwardable": lambda address: not is_in(NOT_FORWARDED, address),
    "global unicast": _is_global,
    "interface-local multicast": _multicast(1, None),
    "link-local multicast": _multicast(2, IPv4Network("224.0.0.0/24")),
    "link-local unicast": lambda address: address.ip.ip.is_link_local,
    "loopback": lambda address: address.ip.ip.is_loopback,
    "multicast": lambda address: address.ip.ip.is_multicast,
    "unspecified": lambda address: address.ip.ip.is_unspecified,
}


def _by_networks(wanted: str) -> list[_Test]:
    return [_by_network(text) for text in wanted.split("|")]


def _by_network(text: str) -> _Test:
    try:
        network = ip_interface(text).network
    except ValueError:
        raise GoError(f'unable to create an IP address from "{text}"') from None
    return lambda address: contains(network, address)


def _by_rfcs(wanted: str) -> list[_Test]:
    return [_by_rfc(_number(text)) for text in wanted.split("|")]


def _by_rfc(number: int) -> _Test:
    return lambda address: is_in(number, address)


def _by_size(wanted: str) -> list[_Test]:
    size = _number(wanted)

    def test(address: Address) -> bool:
        if size > address.ip.max_prefixlen:
            raise GoError(f"mask size out of bounds for IPv{address.ip.version} address: {size}")
        return address.ip.network.prefixlen == size

    return [test]


def _by_types(wanted: str) -> list[_Test]:
    names = wanted.lower().split("|")
    for name in names:
        if name not in _TYPES:
            raise GoError(f'unsupported type "{name}"')
    return [_by_type(_TYPES[name]) for name in names]


def _by_type(versions: tuple[int, ...]) -> _Test:
    return lambda address: address.ip.version in versions


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise GoError(f'invalid number "{text}"')
    return int(text)


_SELECTORS: dict[str, Callable[[str], list[_Test]]] = {
    "address": _by_address,
    "flag": _by_flags,
    "flags": _by_flags,
    "name": _by_name,
    "network": _by_networks,
    "port": _by_port,
    "rfc": _by_rfcs,
    "rfcs": _by_rfcs,
    "size": _by_size,
    "type": _by_types,
}
