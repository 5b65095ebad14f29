"""Ranges of addresses by the number of the RFC that reserves them."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from injector.dialects.gotemplate.go.faults import GoError
from injector.dialects.gotemplate.network.model import Address

# What no router forwards (RFC 6890): available as a flag, and by this number.
NOT_FORWARDED = 0xFFFFFFFF
PRIVATE = 6890
_RANGES = {
    919: "255.255.255.255/32",
    1112: "224.0.0.0/4",
    1122: "0.0.0.0/8 127.0.0.0/8",
    1918: "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
    2544: "198.18.0.0/15",
    2765: "::ffff:0:0/96",
    2928: "2001::/16",
    3056: "2002::/16",
    3068: "192.88.99.0/24 2002:c058:6301::/120",
    3171: "224.0.0.0/4",
    3330: "0.0.0.0/8 10.0.0.0/8 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.2.0/24"
    " 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 224.0.0.0/4 240.0.0.0/4",
    3849: "2001:db8::/32",
    3927: "169.254.0.0/16",
    4038: "::ffff:0:0/96",
    4193: "fc00::/7",
    4291: "::/128 ::1/128 ::/96 ::ffff:0:0/96 fe80::/10 fec0::/10 ff00::/8",
    4380: "2001::/32",
    4773: "2001::/23",
    4843: "2001:10::/28",
    5180: "2001:200::/48",
    5735: "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 198.18.0.0/15",
    5737: "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24",
    6052: "64:ff9b::/96",
    6333: "192.0.0.0/29",
    6598: "100.64.0.0/10",
    6666: "100::/64",
    PRIVATE: "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12"
    " 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24"
    " 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32 ::1/128 ::/128 64:ff9b::/96 ::ffff:0:0/96"
    " 100::/64 2001::/16 2002::/16 fc00::/7 fe80::/10",
    7335: "192.0.0.0/29",
    NOT_FORWARDED: "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24"
    " 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32 ::1/128 ::/128"
    " ::ffff:0:0/96 2001:db8::/32 2001:10::/28 fe80::/10",
}


def is_in(number: int, address: Address) -> bool:
    """Return whether the address and its network are in one of the ranges of an RFC."""
    return any(contains(network, address) for network in _networks(number))


def contains(network: IPv4Network | IPv6Network, address: Address) -> bool:
    own = address.ip.network
    if isinstance(network, IPv4Network):
        return isinstance(own, IPv4Network) and own.subnet_of(network)
    return isinstance(own, IPv6Network) and own.subnet_of(network)


@cache
def _networks(number: int) -> tuple[IPv4Network | IPv6Network, ...]:
    if number not in _RANGES:
        raise GoError(f"unsupported RFC {number}")
    return tuple(map(ip_network, _RANGES[number].split()))
